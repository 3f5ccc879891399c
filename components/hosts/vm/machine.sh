#!/bin/sh
# What the Pod finds on the machine: directories on the data disk, secrets as files, and a certificate where the Pod doesn't get one by itself. And the program
# `registry-cache`, which outlives the Pod.
# `directories`: these alone. `prepare`: all that the Pod needs. `follow`: while it runs, what is new in the store; and what only an earlier Pod had, goes.
# `tidy`: images that neither this Pod nor the one before it names, go.
set -eu
umask 077
mode=$1
. "${0%/*}/settings"
secrets=$STATE/secrets
versions=$STATE/versions
tls=$DATA/tls
# In memory.
work=$RUN/work

# Takes what is stored by the second name, unless it is known by the first in this version already: the rest is a command, which finds it in $work/value.
# For the start of a Pod, what was taken earlier will do, where the store can't be reached.
take() {
  name=$1 stored=$2
  shift 2
  known=$(cat "$versions/$name" 2>/dev/null) || known=
  if version=$("$CLOUD" version "$stored"); then
    [ "$known" != "$stored $version" ] || return 0
    if "$CLOUD" secret "$stored" >"$work/value" && { is_removed || "$@"; }; then
      echo "$stored $version" >"$versions/.new" && mv "$versions/.new" "$versions/$name" && echo "$name: version $version"
      return
    fi
  elif [ "$mode" = prepare ] && [ "${known% *}" = "$stored" ]; then
    return 0
  fi
  echo "secret: $stored can't be taken" >&2
  return 1
}

# No longer configured: another Pod is wanted, which may be far from being applied.
is_removed() { [ "${known% *}" = "$stored" ] && [ "$(cat "$work/value")" = "$REMOVED" ]; }

# A file of the Pod's user, and on the disk.
stage() {
  install -o "$OWNER" -g "$OWNER" -m 0400 "$1" "$2" && sync "$2"
}

# What reads it only when it starts, and runs. Of a Pod to come, what it will leave running.
restart_parts_with() {
  for file in "${0%/*}"/parts/*/secret; do
    [ -e "$file" ] && [ "$(cat "$file")" = "$1" ] || continue
    systemctl try-restart "$UNIT$(cat "${file%/*}/pod").service" || return
  done
}

secret() {
  install -d -o "$OWNER" -g "$OWNER" -m 0700 "$secrets/$1" && stage "$work/value" "$secrets/$1/.new" && mv "$secrets/$1/.new" "$secrets/$1/$SECRET_FILE" &&
    restart_parts_with "$1"
}

# Whether the certificate and the key in a directory are there, and belong together.
paired() {
  of_certificate=$(openssl x509 -in "$1/tls.crt" -noout -pubkey 2>/dev/null) &&
    of_key=$(openssl pkey -in "$1/tls.key" -pubout 2>/dev/null) && [ "$of_certificate" = "$of_key" ]
}

# The key first: whoever sees the new certificate finds its key.
publish() {
  stage "$work/tls.key" "$tls/.tls.key" && stage "$work/tls.crt" "$tls/.tls.crt" && mv "$tls/.tls.key" "$tls/tls.key" && mv "$tls/.tls.crt" "$tls/tls.crt"
}

# PEM: the chain and the key, in any order.
provided() {
  openssl pkey -in "$work/value" -out "$work/tls.key" &&
    sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$work/value" >"$work/tls.crt" &&
    paired "$work" && publish
}

# By the stack's authority, unless there is one for a month to come.
private() {
  paired "$tls" && openssl verify -CAfile "$work/value" -verify_hostname "$CERTIFICATE_NAME" \
    -attime "$(($(date +%s) + 2592000))" "$tls/tls.crt" >/dev/null 2>&1 && return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -CA "$work/value" -CAkey "$work/value" \
    -subj /CN=registry-cache -addext "subjectAltName=DNS:$CERTIFICATE_NAME" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl" ||
    { cat "$work/openssl" >&2 && return 1; }
  publish
}

# For a month, and for the name.
lasts() {
  openssl x509 -in "$tls/tls.crt" -noout -checkend 2592000 >/dev/null &&
    openssl x509 -in "$tls/tls.crt" -noout -checkhost "$CERTIFICATE_NAME" | grep -q 'does match'
}

# A pair that is there may be in use by a Pod for another name. The new Pod gets its own once it runs.
certificate() {
  if [ "$mode" = prepare ] && paired "$tls"; then return; fi
  if [ -n "$CERTIFICATE_SECRET" ]; then
    paired "$tls" || rm -f "$versions/certificate"
    take certificate "$CERTIFICATE_SECRET" provided
  elif [ -n "$AUTHORITY_SECRET" ]; then
    { paired "$tls" && lasts; } || rm -f "$versions/authority"
    take authority "$AUTHORITY_SECRET" private
  fi
}

# podman removes none that is in use.
tidy() {
  kept=$(for image in "$STATE"/pods/*/parts/*/image; do podman image inspect --format '{{.Id}}' "$(cat "$image")" || :; done)
  podman images --quiet --no-trunc | sort -u | grep -vF "$kept" | xargs -r podman image rm
}

if [ "$mode" = tidy ]; then
  tidy
  exit
fi
# For whoever is on call. Where it can't be written, the Pod runs all the same.
cmp -s "${0%/*}/registry-cache" "$PROGRAM" || install -m 0755 "${0%/*}/registry-cache" "$PROGRAM" || :
for directory in $DIRECTORIES; do
  install -d -o "$OWNER" -g "$OWNER" -m 0700 "$DATA/$directory"
done
[ "$mode" != directories ] || exit 0

mkdir -p "$secrets" "$versions" "$work"
trap 'rm -rf "$work"' EXIT
names=' certificate authority '
result=0
for pair in $SECRETS; do
  names="$names${pair%%=*} "
  take "${pair%%=*}" "${pair#*=}" secret "${pair%%=*}" || result=1
done
certificate || result=1
if [ "$mode" = follow ]; then
  for path in "$secrets"/* "$versions"/*; do
    case $names in *" ${path##*/} "*) ;; *) rm -rf "$path" ;; esac
  done
fi
exit "$result"
