#!/bin/sh
# Does for the edge's cache what nginx doesn't do:
# - nginx passes an answer on while it stores it, and never checks its content. A corrupt body of the right length would stay in the cache, and every
#   client would refuse it. The janitor reads every object once, soon after it was stored, and deletes it if the content doesn't match its digest.
#   nginx treats a missing file as a miss.
# - nginx counts what is on disk only a minute after its start, and could store twice its size until then. The janitor makes it count immediately.
# - A killed nginx leaves unfinished files, which nobody counts. The janitor deletes them.
# - nginx checks the size of its cache only every 10 s. The janitor wakes it more often.
# - nginx doesn't count files in progress. The janitor counts them, and tells nginx to start no others if their space is limited and full.
# - nginx has no metrics of its cache. metrics.sh has.
#
# Usage: janitor.sh CACHE_DIRECTORY STATUS_URL
# Environment: that of metrics.sh, and
#   FILLS_MIB                        space for blobs in progress, in addition to BLOBS_MIB, before others are refused; empty for no limit
set -u
trap 'exit 0' TERM INT QUIT
cache=$1
status=$2
address=${status#http://}
state=$cache/tmp

# Seconds. A file can be renamed into place some time after its last write, so each inspection looks this far back, and skips what the previous one saw.
lookback=30

# Minutes without a write after which an unfinished file counts as abandoned; seconds between two inspections for new objects; number of inspections between
# two sweeps for abandoned files.
abandoned=10
interval=5
rarely=120

# A cached object's name is the MD5 sum of its key. An unfinished one has a suffix.
object='????????????????????????????????'
unfinished="$object.??????????"

log() { printf '{"time":"%s","message":"%s","digest":"%s","file":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3"; }

# Sends standard input to nginx, over one connection.
send() { nc "${address%:*}" "${address#*:}" >/dev/null 2>&1; }

# Keeps nginx's cache manager awake: see cacheZones() in budget.ts. It keeps one connection open, because a process for each request would take more processor
# time than everything else here while nothing is stored.
pulse() {
  while sleep 1; do
    while printf 'HEAD /pulse HTTP/1.1\r\nHost: edge\r\n\r\n'; do sleep 1; done | send
  done
}

# Requests every object of a zone from nginx by its key, over one connection. nginx counts an object when it opens it.
introduce() {
  {
    find "$cache/$1" -type f -name "$object" -exec grep -a -h -m 1 '^KEY: ' {} + |
      sed "s|^KEY: \(.*\)|HEAD /known/$1 HTTP/1.1\r\nHost: edge\r\nX-Key: \1\r\n\r|"
    printf 'HEAD /healthz HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n'
  } | send
}

# Runs once after each start of nginx, which shows in a new process file.
welcome() {
  [ "$cache/nginx.pid" -nt "$state/welcomed" ] || return
  wget -q -O /dev/null "$status/healthz" 2>/dev/null || return
  touch -r "$cache/nginx.pid" "$state/welcomed"
  # BusyBox compares whole seconds, so a file from the second of the start may belong to the new nginx.
  touch -d "@$(($(stat -c %Y "$cache/nginx.pid") - 1))" "$state/before"
  for zone in blobs manifests; do
    find "$cache/$zone" -type f -name "$unfinished" ! -newer "$state/before" -exec rm -f {} +
    introduce "$zone"
  done
}

# The digest that a stored object must have, and the length of its content. The digest comes from the key, for a tag from the origin's header. A list of tags has none.
stored_as() {
  head -c 2048 "$1" | tr -d '\000\r' | awk '
    !digest && /^KEY: [a-z]* [^ ]* sha[0-9]*:[a-f0-9]*$/ { digest = $4 }
    !digest && /^Docker-Content-Digest: sha[0-9]*:[a-f0-9]*$/ { digest = $2 }
    !bytes && /^Content-Length: [0-9]+$/ { bytes = $2 }
    END { print digest, bytes }'
}

# FILE SIZE: deletes the object if its content doesn't match its digest.
verify() {
  # shellcheck disable=SC2046 # word splitting is intended
  set -- "$1" "$2" $(stored_as "$1")
  [ $# -eq 4 ] || return
  actual=$(tail -c "+$(($2 - $4 + 1))" "$1" | "${3%%:*}sum")
  if [ "${actual%% *}" != "${3#*:}" ] && [ -e "$1" ]; then
    rm -f "$1"
    corrupt=$((corrupt + 1))
    log "deleted: the content doesn't have its digest" "$3" "$1"
  fi
}

# FILE SIZE: counts the objects and bytes stored in each zone, for metrics.sh.
tally() {
  # If the file's name has spaces, this isn't a size.
  case $2 in '' | *[!0-9]*) return 1 ;; esac
  case $1 in
    "$cache"/blobs/*) blobs=$((blobs + 1)) blob_bytes=$((blob_bytes + $2)) ;;
    *) manifests=$((manifests + 1)) manifest_bytes=$((manifest_bytes + $2)) ;;
  esac
}

publish() {
  echo "$blobs $blob_bytes $manifests $manifest_bytes $corrupt" >"$state/tally.new" && mv "$state/tally.new" "$state/tally"
}

# Verifies what was stored since the last inspection. It only reads directories (of the second level, see cacheZones() in budget.ts) that have changed, so
# it doesn't walk through a large cache each time.
inspect() {
  next=$(($(date +%s) - lookback))
  find "$cache/blobs" "$cache/manifests" -mindepth 2 -maxdepth 2 -type d -newer "$state/verified" |
    while read -r directory; do
      find "$directory" -type f -newer "$state/verified" -name "$object" -exec stat -c '%n %Y %s' {} +
    done 2>/dev/null >"$state/found"
  awk 'FILENAME == ARGV[1] { seen[$0]; next } !($0 in seen)' "$state/seen" "$state/found" >"$state/new"
  while read -r file _ size; do
    tally "$file" "$size" && verify "$file" "$size"
    publish
  done <"$state/new"
  mv "$state/found" "$state/seen"
  touch -d "@$next" "$state/verified"
}

# Deletes unfinished files of a crashed worker.
sweep() {
  looks=$((looks + 1))
  [ $((looks % rarely)) -eq 1 ] || return
  find "$cache/blobs" "$cache/manifests" -type f -name "$unfinished" -mmin "+$abandoned" -exec rm -f {} +
}

# The sizes of all blobs, those in progress with their final size.
expected() {
  find "$cache/blobs" -type f -name "$object" -exec stat -c %s {} + 2>/dev/null
  find "$cache/blobs" -type f -name "$unfinished" -exec grep -a -h -m 1 '^Content-Length: ' {} + 2>/dev/null |
    tr -cd '0-9\n'
}

# Maintains the marker file that fills.ts checks.
guard() {
  while sleep 1; do
    if [ "$(expected | awk -v room=$((BLOBS_MIB + FILLS_MIB)) '{ sum += $1 } END { print (sum > room * 1048576) }')" = 1 ]; then
      [ -e "$state/full" ] || log "no room for more blobs under way: no others are started" "" ""
      : >"$state/full"
    else
      rm -f "$state/full"
    fi
  done
}

mkdir -p "$state"
rm -f "$state/full"
for marker in verified welcomed; do [ -e "$state/$marker" ] || touch -d @0 "$state/$marker"; done
: >"$state/seen"
blobs=0 blob_bytes=0 manifests=0 manifest_bytes=0 corrupt=0 looks=0
publish
sh "${0%/*}/metrics.sh" "$cache" "$status" &
pulse &
[ -z "${FILLS_MIB:-}" ] || guard &
while sleep 1; do welcome; done &
while :; do
  inspect
  sweep
  # In the background, so that a signal interrupts the wait.
  sleep "$interval" &
  wait $!
done
