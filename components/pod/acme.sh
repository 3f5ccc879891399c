#!/bin/sh
# Gets the endpoint's certificate from an ACME authority by DNS-01, and renews it; lego decides when one is due. A new certificate is put where the
# edge looks for it. lego's own deploy hook wouldn't do: it isn't called again after a failure.
#
# Usage: acme.sh HOSTNAME EMAIL SERVER DNS_PROVIDER LEGO_DIRECTORY TLS_DIRECTORY METRICS_FILE
# Environment: what lego and its DNS provider read, and
#   ACME_CHECK_SECONDS  from one look to the next; 43200 by default. Renewal is due with a third of the lifetime left.
#   ACME_RETRY_SECONDS  after a failure, doubled with each further one; 60 by default.
set -u
hostname=$1 email=$2 server=$3 provider=$4 lego=$5 tls=$6 metrics=$7
saved=$lego/certificates/$hostname
check=${ACME_CHECK_SECONDS:-43200}
retry=${ACME_RETRY_SECONDS:-60}

# Seconds; the longest pause after a failure. Let's Encrypt takes five failed validations per hour: https://letsencrypt.org/docs/rate-limits/
longest=3600

# In lego's own image, it is in the root directory.
PATH=$PATH:/
umask 077

log() { printf '{"time":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"; }

# lego saves the certificate first, and last what it knows of it. After a save that was cut short, certificate and key are no pair, and lego would
# find nothing to do.
whole() {
  for part in crt key json; do [ -s "$saved.$part" ] || return; done
  ! [ "$saved.crt" -nt "$saved.json" ]
}

# In the background, so that a signal ends the wait: before a renewal, lego sleeps for up to eight minutes. The recursive resolvers are not asked for
# the record: they may remember for longer that there was none.
renew() {
  whole || rm -f "$saved".*
  lego --log.format json run --path "$lego" --accept-tos --email "$email" --server "$server" --dns "$provider" \
    --dns.propagation.disable-rns --domains "$hostname" --force-cert-domains &
  wait $!
}

# The key first: whoever sees the new certificate finds its key.
publish() {
  cmp -s "$saved.crt" "$tls/tls.crt" && cmp -s "$saved.key" "$tls/tls.key" && return
  cp "$saved.key" "$tls/.tls.key" && cp "$saved.crt" "$tls/.tls.crt" &&
    mv "$tls/.tls.key" "$tls/tls.key" && mv "$tls/.tls.crt" "$tls/tls.crt" && log "certificate published"
}

# How often it failed in a row, for the edge to show: see docs/metrics.md.
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
