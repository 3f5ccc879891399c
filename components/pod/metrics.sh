#!/bin/sh
# Writes metrics of nginx and the file system that no exporter has, for the edge to serve: see docs/metrics.md.
#
# Usage: metrics.sh CACHE_DIRECTORY STATUS_URL
# Reads tmp/tally, which janitor.sh writes.
# Environment:
#   BLOBS_MIB, MANIFESTS_MIB         size limits of the zones; empty for the size of the disk
#   MIN_FREE_MIB                     space that stays free on the disk
#   CONNECTIONS_PER_WORKER           nginx's limit
#   WORKERS                          nginx's number of workers; by default, one per processor
#   REQUESTS_PORT, CLIENTS_PORT      the log exporter's ports
set -u
cache=$1
status=$2
state=$cache/tmp
started=$(date +%s)
workers=${WORKERS:-$(nproc)}
requests=$(printf ':%04X' "$REQUESTS_PORT")
clients=$(printf ':%04X' "$CLIENTS_PORT")

# The minimum pause between two counts of the stored objects: in seconds, and as a multiple of the time for a count, which is long for a large cache.
pause=30
patience=100

object='????????????????????????????????'

# TYPE NAME LABELS VALUE [LABELS VALUE]...: prints a metric in Prometheus's text format.
emit() {
  printf '# TYPE registry_cache_%s %s\n' "$2" "$1"
  name=registry_cache_$2
  shift 2
  printf "$name%s %s\n" "$@"
}

# TYPE NAME BLOBS MANIFESTS: emits the values of both zones.
emit_zones() { emit "$1" "$2" '{zone="blobs"}' "$3" '{zone="manifests"}' "$4"; }

# ZONE: the number and bytes of its objects.
measure() {
  find "$cache/$1" -type f -name "$object" -exec stat -c %s {} + 2>/dev/null |
    awk '{ bytes += $1 } END { printf "%d %.0f\n", NR, bytes }'
}

count() {
  now=$(date +%s)
  [ "$now" -ge "$due" ] || return 0
  began=$now
  stored="$(measure blobs) $(measure manifests)"
  now=$(date +%s)
  # A difference of one second between two whole seconds may be almost no time.
  due=$((now + (now - began - 1) * patience))
  [ "$due" -ge $((now + pause)) ] || due=$((now + pause))
}

# MIB BYTES_STORED: the effective limit of a zone in bytes: its budget, or less if the disk has less space.
most() {
  room=$(($2 + (avail > reserve ? avail - reserve : 0)))
  budget=$((${1:-0} * 1048576))
  echo "$((budget > 0 && budget < room ? budget : room))"
}

store() {
  reserve=$((MIN_FREE_MIB * 1048576))
  # shellcheck disable=SC2046 # word splitting is intended
  set -- $(stat -f -c '%S %b %a' "$cache")
  avail=$(($1 * $3))
  emit gauge filesystem_size_bytes '' $(($1 * $2))
  emit gauge filesystem_avail_bytes '' "$avail"
  emit gauge filesystem_min_free_bytes '' "$reserve"
  # shellcheck disable=SC2086
  set -- $stored
  emit_zones gauge store_objects "$1" "$3"
  emit_zones gauge store_bytes "$2" "$4"
  emit gauge store_count_time_seconds '' "$began"
  emit_zones gauge store_max_bytes "$(most "$BLOBS_MIB" "$2")" "$(most "$MANIFESTS_MIB" "$4")"
}

tally() {
  read -r stored_ever 2>/dev/null <"$state/tally" || return 0
  # shellcheck disable=SC2086
  set -- $stored_ever
  emit_zones counter stored_objects_total "$1" "$3"
  emit_zones counter stored_bytes_total "$2" "$4"
  emit counter corrupt_objects_total '' "$5"
}

# Reads the words of nginx's stub_status by their position: https://nginx.org/en/docs/http/ngx_http_stub_status_module.html
connections() {
  # shellcheck disable=SC2046
  set -- $(wget -q -T 5 -O - "$status/connections" 2>/dev/null)
  [ $# -eq 16 ] || return 0
  emit gauge connections '{state="active"}' "$3" '{state="reading"}' "${12}" '{state="writing"}' "${14}" '{state="waiting"}' "${16}"
  emit counter connections_accepted_total '' "$8"
  emit counter connections_handled_total '' "$9"
  emit gauge connections_max '' $((CONNECTIONS_PER_WORKER * workers))
}

# The number of datagrams that were lost because the exporter's buffer was full.
lost() {
  awk -v requests="$requests" -v clients="$clients" '
    index($2, requests) { print "{log=\"requests\"}", $NF }
    index($2, clients) { print "{log=\"clients\"}", $NF }
  ' /proc/net/udp
}

report() {
  store
  tally
  connections
  # shellcheck disable=SC2046
  set -- $(lost)
  [ $# -eq 0 ] || emit counter log_lines_lost_total "$@"
  emit gauge edge_start_time_seconds '' "$(stat -c %Y "$cache/nginx.pid" 2>/dev/null || echo 0)"
  emit gauge edge_configuration_refused '' "$([ -e "$cache/refused" ] && echo 1 || echo 0)"
  emit gauge janitor_start_time_seconds '' "$started"
  emit gauge janitor_run_time_seconds '' "$now"
}

due=0
while :; do
  count
  report >"$state/metrics.new" && mv "$state/metrics.new" "$state/metrics"
  sleep 5
done
