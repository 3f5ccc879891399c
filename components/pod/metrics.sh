#!/bin/sh
# Writes what nginx and the file system know, and nobody exports, as metrics that the edge shows: see docs/metrics.md.
#
# Usage: metrics.sh CACHE_DIRECTORY STATUS_URL
# Reads tmp/tally, which janitor.sh keeps.
# Environment:
#   BLOBS_MIB, MANIFESTS_MIB         what the zones may hold; nothing for what the disk has
#   MIN_FREE_MIB                     what is kept free on the disk
#   CONNECTIONS_PER_WORKER           of nginx
#   WORKERS                          how many nginx has; without it, one per processor
#   REQUESTS_PORT, CLIENTS_PORT      where the log exporter listens
set -u
cache=$1
status=$2
state=$cache/tmp
started=$(date +%s)
workers=${WORKERS:-$(nproc)}
requests=$(printf ':%04X' "$REQUESTS_PORT")
clients=$(printf ':%04X' "$CLIENTS_PORT")

# Seconds between two counts of what is stored, and how many times longer the pause is at least than the count: a large cache takes its time.
pause=30
patience=100

object='????????????????????????????????'

# TYPE NAME, and pairs of labels and value
emit() {
  printf '# TYPE registry_cache_%s %s\n' "$2" "$1"
  name=registry_cache_$2
  shift 2
  printf "$name%s %s\n" "$@"
}

# TYPE NAME BLOBS MANIFESTS
emit_zones() { emit "$1" "$2" '{zone="blobs"}' "$3" '{zone="manifests"}' "$4"; }

# Number and bytes of a zone's objects.
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
  # Between two whole seconds can be next to nothing.
  due=$((now + (now - began - 1) * patience))
  [ "$due" -ge $((now + pause)) ] || due=$((now + pause))
}

# MIB BYTES_STORED: what the zone may hold, of its budget and of what is left on the disk.
most() {
  room=$(($2 + (avail > reserve ? avail - reserve : 0)))
  budget=$((${1:-0} * 1048576))
  echo "$((budget > 0 && budget < room ? budget : room))"
}

store() {
  reserve=$((MIN_FREE_MIB * 1048576))
  # shellcheck disable=SC2046 # words are what is wanted
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

# Of nginx's stub_status, the words in their order: https://nginx.org/en/docs/http/ngx_http_stub_status_module.html
connections() {
  # shellcheck disable=SC2046
  set -- $(wget -q -T 5 -O - "$status/connections" 2>/dev/null)
  [ $# -eq 16 ] || return 0
  emit gauge connections '{state="active"}' "$3" '{state="reading"}' "${12}" '{state="writing"}' "${14}" '{state="waiting"}' "${16}"
  emit counter connections_accepted_total '' "$8"
  emit counter connections_handled_total '' "$9"
  emit gauge connections_max '' $((CONNECTIONS_PER_WORKER * workers))
}

# Datagrams that came while the exporter's buffer was full.
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
