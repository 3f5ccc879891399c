#!/bin/sh
# Runs one registry, and stops it while its upstream is silent (never answers, whether or not it accepts connections). The registry itself has no
# timeout: each request would wait, and some for ever, because it looks up the upstream's challenge under one lock (distribution v3.1.2,
# remoteAuthChallenger). When nothing listens, the edge notices immediately.
#
# Usage: origin.sh CONFIG_FILE STORE_DIRECTORY UPSTREAM_URL DEBUG_URL REGISTRY_URL
# STORE_DIRECTORY is empty if the registry has no store of its own.
set -u
config=$1 store=$2 upstream=$3 debug=$4 own=$5

# Seconds between two checks; seconds that an answer may take (a distant upstream needs four round trips of 0.3 s); silent checks until the registry
# is stopped. The total must stay below breakSeconds in nginx.ts.
interval=5
limit=2
patience=2

# Seconds that the registry may take for an answer when it seems to hang: more than twice the six round trips that a distant upstream needs for a manifest.
lock=5

# Seconds without progress after which transfers are abandoned, as silenceSeconds in edge/blobs.ts; bytes between two checks that count as progress, more
# than a scrape of the metrics reads and writes.
stall=10
trickle=30000

# Minutes until leftovers are deleted. The registry leaves expired manifests, links and directories behind.
leftover=60

sweep() {
  find "$store" -mindepth 1 -type f -mmin "+$leftover" -exec rm -f {} +
  find "$store" -mindepth 1 -depth -type d -empty -mmin "+$leftover" -exec rmdir {} \; 2>/dev/null
}

log() { printf '{"time":"%s","message":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"; }

# SECONDS URL: whether it doesn't answer in time. Any answer counts, even a refusal, so the certificate isn't verified. `timeout` exits with 124 or, in busybox, 143.
mute() {
  { timeout "$1" wget -q --no-check-certificate -O /dev/null "$2"; } 2>/dev/null
  [ $? -ge 124 ]
}

# Whether the upstream is silent. If it answers quickly here, it also answers the registry quickly.
silent() { mute "$limit" "${upstream%/}/v2/"; }

serve() {
  registry serve "$config" &
  registry=$!
}

# Prints the bytes that the registry has read and written so far.
moved() {
  # shellcheck disable=SC2046 # word splitting is intended
  set -- $(sed -n 's/^[rw]char: //p' "/proc/$registry/io" 2>/dev/null)
  echo $((${1:-0} + ${2:-0}))
}

# Starts to observe transfers. After that, look() stores the time of the last progress in `active`.
begin() { seen=$(moved) active=$(date +%s); }
look() {
  sum=$(moved)
  [ $((sum - seen)) -lt "$trickle" ] || active=$(date +%s)
  seen=$sum
}

# Stops the registry. Requires begin(). The registry accepts no more requests, and ends with its last transfer, at its own limit, or when no transfer progresses.
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

# Handles a signal to stop. While the upstream answers, all transfers progress, so only the registry's own limit applies.
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

# NAME: the metric's values for manifests and blobs: how many requests are in progress, or done.
requests() { printf '%s' "$metrics" | grep "^registry_http_$1{.*handler=\"\(manifest\|blob\)\""; }

# Whether the registry hangs. If requests are in progress but none was completed since the last check, they are either large blobs or stuck. If the registry
# waits for its lock, it doesn't answer a request for a manifest that doesn't exist, either.
hangs() {
  before=${now-}
  metrics=$(wget -q -T 2 -O - "$debug/metrics" 2>/dev/null)
  now=$(requests requests_total)
  [ "$now" = "$before" ] && requests in_flight_requests | grep -q ' [1-9]' && begin &&
    mute "$lock" "${own}v2/hangs/manifests/sha256:$(printf '%064d' 0)"
}

# Marks the registry as usable after it has run for a second. If it ends earlier, its container ends, too, so that a roll-out stops and Kubernetes delays the
# next start. delayed-start.sh reads the mark.
mark() {
  [ -n "$usable" ] || [ -z "${STARTED_MARK-}" ] || touch "$STARTED_MARK"
  usable=1
}

# Starts a registry again that has ended. If a usable registry ends, this script restarts it, because Kubernetes takes the whole Pod out of its Service while a
# container waits for its restart.
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

# The edge has everything in the store, or was about to have it.
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
    # With a bucket, a client would otherwise wait for its blob for a minute: storeSilenceSeconds in edge/blobs.ts.
    [ "$silences" -lt "$patience" ] || [ $(($(date +%s) - active)) -lt "$stall" ] || kill -KILL "$registry" 2>/dev/null
  done
  if [ "$silences" -ge "$patience" ] || hangs; then
    finish
    log "started anew"
    serve
  fi
done
