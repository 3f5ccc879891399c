#!/bin/sh
# Requests of the machine to Azure, with its own identity. A secret's name is its resource id.
# Usage: cloud wanted | pod DIGEST | secret NAME | version NAME
set -eu
metadata=http://169.254.169.254/metadata

ask() { curl -fsS --max-time 20 "$@"; }
of_machine() { ask --noproxy '*' -H Metadata:true "$metadata/$1"; }

# The machine's userData in base64: the digest, a line break, and the compressed Pod.
# https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#get-user-data
user_data() { of_machine 'instance/compute/userData?api-version=2021-01-01&format=text'; }

# Usage: secret NAME FIELD. Names the client id, because the machine may have other identities.
# https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http
secret() {
  vault=${1%/secrets/*}
  # Not piped to jq, because jq accepts empty input without an error.
  answer=$(of_machine 'identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=@CLIENT_ID@')
  token=$(printf %s "$answer" | jq -er .access_token)
  # The token isn't passed as an argument, because all users of the machine can see arguments.
  answer=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
    ask --config - "https://${vault##*/}.vault.azure.net/secrets/${1##*/}?api-version=7.4")
  printf %s "$answer" | jq -ej "$2"
}

case $1 in
wanted)
  encoded=$(user_data)
  printf %s "$encoded" | base64 -d | head -n 1
  ;;
pod)
  encoded=$(user_data)
  printf %s "$encoded" | base64 -d | tail -n +2 | gunzip
  ;;
secret) secret "$2" .value ;;
# The last part of the id is the version: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
version) secret "$2" '.id | sub(".*/"; "")' ;;
esac
