#!/bin/sh
# Before the Pod starts, at each start: the directories of its volumes, its secrets, and a certificate where the Pod doesn't get one by itself.
# With the argument `certificate`: only that; the edge notices a new one.
set -eu
umask 077
here=${0%/*}
. "$here/machine.conf"
tls=$DATA/tls

directories() {
  for directory in $DIRECTORIES; do
    install -d -o "$OWNER" -g "$OWNER" -m 0700 "$DATA/$directory"
  done
}

# Rights of a new identity, and the network, may take ten minutes to come. Where an earlier start has left the same, it isn't waited for so long.
fetch() {
  attempts=40
  if "$2"; then attempts=4; fi
  until "$here/fetch-secret" "$1"; do
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || return 1
    sleep 15
  done
}

# The Pod, where the user data has no room for it.
pod() {
  [ -n "$POD" ] || return 0
  meant() { echo "$POD_DIGEST  $1" | sha256sum --check --status; }
  ! meant "$here/pod.yaml" 2>/dev/null || return 0
  fetch "$POD" false >"$here/pod.new"
  meant "$here/pod.new"
  mv "$here/pod.new" "$here/pod.yaml"
}

# podman wants the whole manifest of a Kubernetes Secret as the content of a secret.
secrets() {
  for pair in $SECRETS; do
    name=${pair%%=*}
    known() { podman secret exists "$name"; }
    if value=$(fetch "${pair#*=}" known); then
      printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ndata:\n  credentials: %s\n' \
        "$name" "$(printf %s "$value" | base64 -w 0)" | podman secret create --replace "$name" - >/dev/null
    else
      known || exit 1
    fi
  done
}

# Whether the certificate and the key in a directory are there, and belong together.
paired() {
  of_certificate=$(openssl x509 -in "$1/tls.crt" -noout -pubkey 2>/dev/null) &&
    of_key=$(openssl pkey -in "$1/tls.key" -pubout 2>/dev/null) && [ "$of_certificate" = "$of_key" ]
}

published() { paired "$tls"; }

# Both are on the disk before one is renamed, and the key first: whoever sees the new certificate finds its key.
publish() {
  cmp -s "$1/tls.crt" "$tls/tls.crt" && cmp -s "$1/tls.key" "$tls/tls.key" && return
  for part in tls.key tls.crt; do install -o "$OWNER" -g "$OWNER" -m 0400 "$1/$part" "$tls/.$part"; done
  sync "$tls/.tls.key" "$tls/.tls.crt"
  mv "$tls/.tls.key" "$tls/tls.key"
  mv "$tls/.tls.crt" "$tls/tls.crt"
}

# PEM: the chain and the key, in any order.
provided() {
  fetch "$CERTIFICATE_SECRET" published >"$1/pem"
  openssl pkey -in "$1/pem" -out "$1/tls.key"
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$1/pem" >"$1/tls.crt"
  paired "$1"
  publish "$1"
}

# By the stack's authority, unless there is one for a month to come.
private() {
  fetch "$AUTHORITY_SECRET" published >"$1/ca"
  published && openssl verify -CAfile "$1/ca" -verify_hostname "$CERTIFICATE_NAME" \
    -attime "$(($(date +%s) + 2592000))" "$tls/tls.crt" >/dev/null 2>&1 && return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -CA "$1/ca" -CAkey "$1/ca" \
    -subj /CN=registry-cache -addext "subjectAltName=DNS:$CERTIFICATE_NAME" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth -keyout "$1/tls.key" -out "$1/tls.crt"
  publish "$1"
}

certificate() {
  [ -n "$CERTIFICATE_SECRET$AUTHORITY_SECRET" ] || return 0
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -n "$CERTIFICATE_SECRET" ]; then provided "$work"; else private "$work"; fi
}

directories
if [ "${1-}" = certificate ]; then
  certificate
else
  pod
  # What an earlier start left will do, where the store can't be reached.
  secrets
  "$0" certificate || published
fi
