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

# Rights of a new identity, and the network, may take minutes to come.
fetch() {
  attempt=0
  until "$here/fetch-secret" "$1"; do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 40 ] || return 1
    sleep 15
  done
}

# podman wants the whole manifest of a Kubernetes Secret as the content of a secret.
secrets() {
  for pair in $SECRETS; do
    if ! value=$(fetch "${pair#*=}"); then
      podman secret exists "${pair%%=*}" && continue
      exit 1
    fi
    printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ndata:\n  credentials: %s\n' \
      "${pair%%=*}" "$(printf %s "$value" | base64 -w 0)" | podman secret create --replace "${pair%%=*}" - >/dev/null
  done
}

# The key first: whoever sees the new certificate finds its key.
publish() {
  cmp -s "$1/tls.crt" "$tls/tls.crt" && cmp -s "$1/tls.key" "$tls/tls.key" && return
  for part in tls.key tls.crt; do
    install -o "$OWNER" -g "$OWNER" -m 0400 "$1/$part" "$tls/.$part"
    mv "$tls/.$part" "$tls/$part"
  done
}

# PEM: the chain and the key, in any order.
provided() {
  fetch "$CERTIFICATE_SECRET" >"$1/pem"
  openssl pkey -in "$1/pem" -out "$1/tls.key"
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$1/pem" >"$1/tls.crt"
  openssl pkey -in "$1/tls.key" -pubout -out "$1/key.pub"
  openssl x509 -in "$1/tls.crt" -noout -pubkey | cmp - "$1/key.pub"
}

# By an authority that stays on the data disk and may certify this one name.
private() {
  ca=$DATA/ca
  install -d -m 0700 "$ca"
  name=$CERTIFICATE_NAME
  [ -s "$ca/ca.crt" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=registry-cache private CA" -addext "nameConstraints=critical,permitted;DNS:$name" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$ca/ca.key" -out "$ca/ca.crt"
  if openssl x509 -checkend 2592000 -checkhost "$name" -noout -in "$tls/tls.crt" 2>/dev/null; then
    cp "$tls/tls.crt" "$tls/tls.key" "$1"
    return
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -CA "$ca/ca.crt" -CAkey "$ca/ca.key" \
    -subj /CN=registry-cache -addext "subjectAltName=DNS:$name" -addext "basicConstraints=critical,CA:FALSE" \
    -addext "extendedKeyUsage=serverAuth" -keyout "$1/tls.key" -out "$1/tls.crt"
}

certificate() {
  [ -n "$CERTIFICATE_SECRET$CERTIFICATE_NAME" ] || return 0
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -n "$CERTIFICATE_SECRET" ]; then provided "$work"; else private "$work"; fi
  publish "$work"
}

directories
if [ "${1-}" = certificate ]; then
  certificate
else
  # What an earlier start left will do, where the store can't be reached.
  secrets
  "$0" certificate || [ -s "$tls/tls.crt" ]
fi
