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

# Seconds in which no transfer moves until they are given up, as silenceSeconds in edge/blobs.ts; bytes between two looks that are more than a scrape reads
# and writes.
stall=10
trickle=30000

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

# Bytes that the registry has read and written so far.
moved() {
  # shellcheck disable=SC2046 # words are what is wanted
  set -- $(sed -n 's/^[rw]char: //p' "/proc/$registry/io" 2>/dev/null)
  echo $((${1:-0} + ${2:-0}))
}

# From now on, look() notes in `active` when a transfer moved last.
begin() { seen=$(moved) active=$(date +%s); }
look() {
  sum=$(moved)
  [ $((sum - seen)) -lt "$trickle" ] || active=$(date +%s)
  seen=$sum
}

# After begin(). The registry takes no more requests, and ends with its last transfer, at its own limit, or when no transfer moves.
finish() {
  kill "$registry"
  while kill -0 "$registry"; do
    sleep 1 &
    wait $!
    look
    [ $(($(date +%s) - active)) -lt "$stall" ] || kill -KILL "$registry"
  done
  wait "$registry"
} 2>/dev/null

# While its upstream answers, each transfer moves.
end() {
  begin
  if silent; then
    stall=$limit
    finish
  else
    kill "$registry" && wait "$registry"
  fi
  exit 0
}

# NAME: how many requests for manifests and blobs are under way, or are done.
requests() { printf '%s' "$metrics" | grep "^registry_http_$1{.*handler=\"\(manifest\|blob\)\""; }

# None is done since the last look though some are under way: large blobs, or what nothing ends. Where the registry waits under its lock, a manifest that
# is nowhere has no answer either.
hangs() {
  before=${now-}
  metrics=$(wget -q -T 2 -O - "$debug/metrics" 2>/dev/null)
  now=$(requests requests_total)
  [ "$now" = "$before" ] && requests in_flight_requests | grep -q ' [1-9]' && begin &&
    mute "$lock" "${own}v2/hangs/manifests/sha256:$(printf '%064d' 0)"
}

# Until a registry has run for a second, it can't be used, and no roll-out is to go on with it: where it ends, its container ends, and waits for its next start
# as any other, however it ended (delayed-start.sh has the mark).
mark() {
  [ -n "$usable" ] || [ -z "${STARTED_MARK-}" ] || touch "$STARTED_MARK"
  usable=1
}

# Later, it's started again here: while a container waits, Kubernetes takes the whole Pod out of its Service.
revive() {
  wait "$registry"
  log "ended with $?"
  [ -n "$usable" ] || exit 1
  serve
}

rest() {
  for _ in $(seq "$interval"); do
    sleep 1 &
    wait $!
    kill -0 "$registry" 2>/dev/null || { revive && return; }
    mark
  done
}

# All of it is at the edge, or was about to be.
[ -z "$store" ] || rm -rf "${store:?}"/*
trap end TERM INT
usable=
[ -z "${STARTED_MARK-}" ] || rm -f "$STARTED_MARK"
serve
while rest; do
  silences=0
  [ -z "$store" ] || sweep
  while silent; do
    silences=$((silences + 1))
    if [ "$silences" -eq 1 ]; then begin; else look; fi
    [ "$silences" -ne "$patience" ] || { log "stopped: the upstream is silent" && kill "$registry"; }
    # Who waits for a blob with a bucket would do so for a minute: storeSilenceSeconds in edge/blobs.ts.
    [ "$silences" -lt "$patience" ] || [ $(($(date +%s) - active)) -lt "$stall" ] || kill -KILL "$registry" 2>/dev/null
  done
  if [ "$silences" -ge "$patience" ] || hangs; then
    finish
    log "started anew"
    serve
  fi
done
