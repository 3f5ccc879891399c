#!/bin/sh
# Runs one registry, and stops it as long as its upstream is silent (accepts connections, or not even these, and never answers). The registry
# itself knows no time limit: each request would wait, and some for ever, since it looks for the upstream's challenge under one lock
# (distribution v3.1.2, remoteAuthChallenger). Where nothing listens, the edge knows at once that there is nothing to be had.
#
# Usage: origin.sh CONFIG_FILE STORE_DIRECTORY UPSTREAM_URL DEBUG_URL REGISTRY_URL
# The directory is empty text where the registry has no store of its own.
set -u
config=$1 store=$2 upstream=$3 debug=$4 own=$5

# Seconds between two looks; how long an answer may take (a far upstream needs four round trips of 0.3 s for one); silent looks until the registry
# is stopped. Their sum must stay under breakSeconds in nginx.ts.
interval=5
limit=2
patience=2

# Seconds that the registry may take for an answer when it seems to hang: more than twice the six round trips that a far upstream needs for a manifest.
lock=5

# Seconds without a byte of a transfer until it is given up, as silenceSeconds in edge/blobs.ts; bytes in a second that are more than scrapes and probes.
stall=10
trickle=10000

# Minutes. The registry leaves manifests, links and directories behind when their time is over.
leftover=60

sweep() {
  find "$store" -mindepth 1 -type f -mmin "+$leftover" -exec rm -f {} +
  find "$store" -mindepth 1 -depth -type d -empty -mmin "+$leftover" -exec rmdir {} \; 2>/dev/null
}

log() { printf '{"time":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"; }

# SECONDS URL. Any answer will do, also a refusal. `timeout` answers 124 or, in busybox, 143.
mute() {
  { timeout "$1" wget -q -O /dev/null "$2"; } 2>/dev/null
  [ $? -ge 124 ]
}

# Where the answer is quick, the registry will have it as quickly.
silent() { mute "$limit" "${upstream%/}/v2/"; }

serve() {
  registry serve "$config" &
  registry=$!
}

bytes_read() { sed -n 's/^rchar: //p' "/proc/$registry/io"; }

# SECONDS in which no byte of a transfer has come, as far as is known. The registry takes no more requests, and ends with its last transfer, or when all of them stall.
finish() {
  quiet=$1
  kill "$registry"
  while kill -0 "$registry"; do
    last=$(bytes_read)
    sleep 1 &
    wait $!
    got=$(bytes_read)
    quiet=$((quiet + 1))
    [ $((${got:-0} - ${last:-0})) -lt "$trickle" ] || quiet=0
    [ "$quiet" -lt "$stall" ] || kill -KILL "$registry"
  done
  wait "$registry"
} 2>/dev/null

# An upstream that answers ends every transfer, or the registry's own limit does.
end() {
  if silent; then finish "$stall"; else kill "$registry" && wait "$registry"; fi
  exit 0
}

# SECONDS as finish() takes them.
renew() {
  finish "$1"
  log "started anew"
  serve
}

# NAME: how many requests for manifests and blobs are under way, or are done.
requests() { printf '%s' "$metrics" | grep "^registry_http_$1{.*handler=\"\(manifest\|blob\)\""; }

# None is done since the last look though some are under way: large blobs, or what nothing ends. Where the registry waits under its lock, a manifest that
# is nowhere has no answer either.
hangs() {
  before=${now-}
  metrics=$(wget -q -T 2 -O - "$debug/metrics" 2>/dev/null)
  now=$(requests requests_total)
  [ "$now" = "$before" ] && requests in_flight_requests | grep -q ' [1-9]' &&
    mute "$lock" "${own}v2/hangs/manifests/sha256:$(printf '%064d' 0)"
}

rest() {
  for _ in $(seq "$interval"); do
    sleep 1 &
    wait $!
    kill -0 "$registry" 2>/dev/null || exit 1
  done
}

# All of it is at the edge, or was about to be.
[ -z "$store" ] || rm -rf "${store:?}"/*
trap end TERM INT
serve
while rest; do
  silences=0
  [ -z "$store" ] || sweep
  while silent; do
    silences=$((silences + 1))
    [ "$silences" -ne "$patience" ] || { log "stopped: the upstream is silent" && kill "$registry"; }
  done
  if [ "$silences" -ge "$patience" ]; then
    renew $((silences * limit))
  elif hangs; then
    renew "$stall"
  fi
done
