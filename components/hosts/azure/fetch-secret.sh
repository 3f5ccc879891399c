#!/bin/sh
# Prints the Key Vault secret that has the given resource id, with the rights of the machine's identity.
# https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http
set -eu
vault=${1%/secrets/*}
vault=${vault##*/}
name=${1##*/}

# By the client id, as the machine may have been given other identities. Not a pipe to jq, which doesn't mind an answer that never came.
answer=$(curl -fsS --max-time 20 --noproxy '*' -H Metadata:true \
  "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=@CLIENT_ID@")
token=$(printf %s "$answer" | jq -er .access_token)

# The token isn't an argument, which all users of the machine could see.
answer=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
  curl -fsS --max-time 20 --config - "https://$vault.vault.azure.net/secrets/$name?api-version=7.4")
printf %s "$answer" | jq -er .value
