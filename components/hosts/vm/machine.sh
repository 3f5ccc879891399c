#!/bin/sh
# Prepares what the Pod needs on the machine: directories on the data disk, secrets as files, and a certificate if the Pod doesn't get one by itself. Also limits
# which containers reach the machine's identity, and installs the program `registry-cache`, which outlives the Pod.
# `directories`: what the last Pod needs for a restart, without the store. `prepare`: everything that the Pod needs. `follow`: while the Pod runs, takes new versions from the store, and deletes the secrets of earlier Pods.
# `tidy`: deletes images that neither this Pod nor the previous one uses.
set -eu
umask 077
mode=$1
. "${0%/*}/settings"
secrets=$STATE/secrets
versions=$STATE/versions
tls=$DATA/tls
# In memory.
work=$RUN/work

# take NAME STORED COMMAND...: fetches the stored secret STORED into $work/value and runs the command, unless this version is already known as NAME.
# If the store can't be reached, `prepare` accepts the value that was fetched earlier.
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

# The secret is no longer configured: the cloud wants another Pod, but this one may keep running for a long time.
is_removed() { [ "${known% *}" = "$stored" ] && [ "$(cat "$work/value")" = "$REMOVED" ]; }

# Copies a file, makes the Pod's user its owner, and flushes it to the disk.
stage() {
  install -o "$OWNER" -g "$OWNER" -m 0400 "$1" "$2" && sync "$2"
}

# Restarts the running parts that read this secret only at their start. Before a new Pod is applied, these are the parts that stay.
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

# Whether a directory has a certificate and the key that belongs to it.
paired() {
  of_certificate=$(openssl x509 -in "$1/tls.crt" -noout -pubkey 2>/dev/null) &&
    of_key=$(openssl pkey -in "$1/tls.key" -pubout 2>/dev/null) && [ "$of_certificate" = "$of_key" ]
}

# The key first, so that a reader of the new certificate finds its key.
publish() {
  stage "$work/tls.key" "$tls/.tls.key" && stage "$work/tls.crt" "$tls/.tls.crt" && mv "$tls/.tls.key" "$tls/tls.key" && mv "$tls/.tls.crt" "$tls/tls.crt"
}

# The store's value is PEM: the chain and the key, in any order.
provided() {
  openssl pkey -in "$work/value" -out "$work/tls.key" &&
    sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$work/value" >"$work/tls.crt" &&
    paired "$work" && publish
}

# Issues a certificate by the stack's authority, unless the present one is valid for another month.
private() {
  paired "$tls" && openssl verify -CAfile "$work/value" -verify_hostname "$CERTIFICATE_NAME" \
    -attime "$(($(date +%s) + 2592000))" "$tls/tls.crt" >/dev/null 2>&1 && return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -CA "$work/value" -CAkey "$work/value" \
    -subj /CN=registry-cache -addext "subjectAltName=DNS:$CERTIFICATE_NAME" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl" ||
    { cat "$work/openssl" >&2 && return 1; }
  publish
}

# Whether the certificate is valid for another month and for the endpoint's name.
lasts() {
  openssl x509 -in "$tls/tls.crt" -noout -checkend 2592000 >/dev/null &&
    openssl x509 -in "$tls/tls.crt" -noout -checkhost "$CERTIFICATE_NAME" | grep -q 'does match'
}

# A running Pod may still use the present pair, for another name. The new Pod gets its own pair once it runs.
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

# podman doesn't remove an image that is in use.
tidy() {
  kept=$(for image in "$STATE"/pods/*/parts/*/image; do podman image inspect --format '{{.Id}}' "$(cat "$image")" || :; done)
  podman images --quiet --no-trunc | sort -u | grep -vF "$kept" | xargs -r podman image rm
}

if [ "$mode" = tidy ]; then
  tidy
  exit
fi
# For the engineer on call. If it can't be written, the Pod runs anyway.
cmp -s "${0%/*}/registry-cache" "$PROGRAM" || install -m 0755 "${0%/*}/registry-cache" "$PROGRAM" || :
# How long the journal keeps clients' addresses. If this can't be done, the Pod runs anyway, and the next call tries again.
cmp -s "${0%/*}/journald.conf" "$JOURNAL" ||
  { install -D -m 0644 "${0%/*}/journald.conf" "$JOURNAL" && systemctl restart systemd-journald; } ||
  { echo "journal: $JOURNAL can't be applied" >&2 && rm -f "$JOURNAL"; } || :
# Which containers may use the machine's identity. `prepare` changes nothing, because the Pod that still runs may be one from before these rules. The next call tries again.
[ "$mode" = prepare ] || nft --file "${0%/*}/identity.nft" || echo "identity: containers can reach the metadata service" >&2
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
