#!/bin/sh
# Obtains the endpoint's certificate from an ACME authority by DNS-01, and renews it when lego decides that it is due. It copies a new certificate to
# the edge's directory. It doesn't use lego's deploy hook, because lego doesn't call the hook again after a failure.
#
# Usage: acme.sh HOSTNAME EMAIL SERVER DNS_PROVIDER LEGO_DIRECTORY TLS_DIRECTORY METRICS_FILE
# Environment: what lego and its DNS provider read, and
#   ACME_CHECK_SECONDS  seconds between two checks; 43200 by default. Renewal is due with a third of the lifetime left.
#   ACME_RETRY_SECONDS  seconds until the next attempt after a failure, doubled with each further failure; 60 by default.
set -u
hostname=$1 email=$2 server=$3 provider=$4 lego=$5 tls=$6 metrics=$7
saved=$lego/certificates/$hostname
check=${ACME_CHECK_SECONDS:-43200}
retry=${ACME_RETRY_SECONDS:-60}

# The longest pause after a failure, in seconds. Let's Encrypt accepts five failed validations per hour: https://letsencrypt.org/docs/rate-limits/
longest=3600

# In lego's image, the program is in the root directory.
PATH=$PATH:/
umask 077

log() { printf '{"time":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"; }

# Whether the saved files are complete. lego saves the certificate first and its metadata last. If that was interrupted, certificate and key may not
# match, and lego wouldn't notice.
whole() {
  for part in crt key json; do [ -s "$saved.$part" ] || return; done
  ! [ "$saved.crt" -nt "$saved.json" ]
}

# Runs lego in the background, so that a signal interrupts the wait: lego sleeps for up to eight minutes before a renewal. It doesn't ask recursive
# resolvers for the record, because they can cache its absence for longer.
renew() {
  whole || rm -f "$saved".*
  lego --log.format json run --path "$lego" --accept-tos --email "$email" --server "$server" --dns "$provider" \
    --dns.propagation.disable-rns --domains "$hostname" --force-cert-domains &
  wait $!
}

# Replaces the key first, so that a reader of the new certificate finds its key.
publish() {
  cmp -s "$saved.crt" "$tls/tls.crt" && cmp -s "$saved.key" "$tls/tls.key" && return
  cp "$saved.key" "$tls/.tls.key" && cp "$saved.crt" "$tls/.tls.crt" &&
    mv "$tls/.tls.key" "$tls/tls.key" && mv "$tls/.tls.crt" "$tls/tls.crt" && log "certificate published"
}

# Writes the number of failures in a row, for the edge to serve: see docs/metrics.md.
report() {
  printf '# TYPE registry_cache_acme_%s gauge\nregistry_cache_acme_%s %s\n' \
    failures failures "$failures" run_time_seconds run_time_seconds "$(date +%s)" >"$metrics.new" && mv "$metrics.new" "$metrics"
}

trap 'exit 0' TERM INT
whole && publish
backoff=$retry
failures=0
while :; do
  renew
  renewed=$?
  if whole && publish && [ "$renewed" -eq 0 ]; then
    pause=$check
    backoff=$retry
    failures=0
  else
    log "failed; next try in $backoff s"
    pause=$backoff
    backoff=$((backoff * 2 < longest ? backoff * 2 : longest))
    failures=$((failures + 1))
  fi
  report
  sleep "$pause" &
  wait $!
done
