#!/bin/sh
# Does for the edge's cache what nginx doesn't do:
# - nginx passes an answer on while it stores it and never looks at its content, so a corrupt body of the right length would be stored, and refused
#   by every client, until it is evicted. Here every object is read once, soon after it was stored, and deleted unless it has the digest that it is
#   stored under. nginx takes a missing file for a miss.
# - After a start, nginx learns what it has on disk only a minute later, and may store twice its size until then. Here it's told at once.
# - What a killed nginx was just storing stays where it is, uncounted. Here it's deleted.
# - nginx looks at the size of its cache only every 10 s. Here it's woken more often.
# - nginx doesn't count what it is just storing. Here that is counted, and where its room is limited, nginx is told when it takes no more.
# - nginx tells nothing of its cache. Here metrics.sh does.
#
# Usage: janitor.sh CACHE_DIRECTORY STATUS_URL
# Environment: that of metrics.sh, and
#   FILLS_MIB                        what blobs under way may take, beside BLOBS_MIB, before others are refused; nothing where it is not limited
set -u
trap 'exit 0' TERM INT QUIT
cache=$1
status=$2
address=${status#http://}
state=$cache/tmp

# A file may be renamed into place some time after its last write: look that far back, in seconds, and skip what the last look has seen.
lookback=30

# Minutes without a write after which nobody is storing an object any more; seconds between two looks for new objects, and how many of these looks there are until
# one for what is abandoned.
abandoned=10
interval=5
rarely=120

# A cached object's name is the MD5 sum of its key; what is still being stored has a suffix.
object='????????????????????????????????'
unfinished="$object.??????????"

log() { printf '{"time":"%s","message":"%s","digest":"%s","file":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3"; }

# Sends what it reads to nginx, over one connection.
send() { nc "${address%:*}" "${address#*:}" >/dev/null 2>&1; }

# Keeps nginx's cache manager awake: see cacheZones() in budget.ts. Over one connection as long as nginx keeps it: a process for each request would take more
# of the processor than all else that happens here while nothing is stored.
pulse() {
  while sleep 1; do
    while printf 'HEAD /pulse HTTP/1.1\r\nHost: edge\r\n\r\n'; do sleep 1; done | send
  done
}

# Asks nginx for every object of a zone by its key, over one connection: opening it is what counts it.
introduce() {
  {
    find "$cache/$1" -type f -name "$object" -exec grep -a -h -m 1 '^KEY: ' {} + |
      sed "s|^KEY: \(.*\)|HEAD /known/$1 HTTP/1.1\r\nHost: edge\r\nX-Key: \1\r\n\r|"
    printf 'HEAD /healthz HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n'
  } | send
}

# When the edge has been started: its process file is new.
welcome() {
  [ "$cache/nginx.pid" -nt "$state/welcomed" ] || return
  wget -q -O /dev/null "$status/healthz" 2>/dev/null || return
  touch -r "$cache/nginx.pid" "$state/welcomed"
  # BusyBox compares whole seconds: what was written in the second of the start may be the new nginx's.
  touch -d "@$(($(stat -c %Y "$cache/nginx.pid") - 1))" "$state/before"
  for zone in blobs manifests; do
    find "$cache/$zone" -type f -name "$unfinished" ! -newer "$state/before" -exec rm -f {} +
    introduce "$zone"
  done
}

# The digest that a stored object must have, from its key, or for a tag from what the origin said, and the length of its content. No digest for a list of tags.
stored_as() {
  head -c 2048 "$1" | tr -d '\000\r' | awk '
    !digest && /^KEY: [a-z]* [^ ]* sha[0-9]*:[a-f0-9]*$/ { digest = $4 }
    !digest && /^Docker-Content-Digest: sha[0-9]*:[a-f0-9]*$/ { digest = $2 }
    !bytes && /^Content-Length: [0-9]+$/ { bytes = $2 }
    END { print digest, bytes }'
}

# FILE SIZE
verify() {
  # shellcheck disable=SC2046 # words are what is wanted
  set -- "$1" "$2" $(stored_as "$1")
  [ $# -eq 4 ] || return
  actual=$(tail -c "+$(($2 - $4 + 1))" "$1" | "${3%%:*}sum")
  if [ "${actual%% *}" != "${3#*:}" ] && [ -e "$1" ]; then
    rm -f "$1"
    corrupt=$((corrupt + 1))
    log "deleted: the content doesn't have its digest" "$3" "$1"
  fi
}

# FILE SIZE: of objects and bytes that were stored in each zone, for metrics.sh.
tally() {
  # Of a file with an odd name, what is read here isn't a size.
  case $2 in '' | *[!0-9]*) return 1 ;; esac
  case $1 in
    "$cache"/blobs/*) blobs=$((blobs + 1)) blob_bytes=$((blob_bytes + $2)) ;;
    *) manifests=$((manifests + 1)) manifest_bytes=$((manifest_bytes + $2)) ;;
  esac
}

publish() {
  echo "$blobs $blob_bytes $manifests $manifest_bytes $corrupt" >"$state/tally.new" && mv "$state/tally.new" "$state/tally"
}

# What was stored since the last look: in directories (of two levels, see cacheZones() in budget.ts) that have changed, so that a large cache isn't
# walked through each time.
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

# What is being stored by nobody: a worker of nginx has crashed.
sweep() {
  looks=$((looks + 1))
  [ $((looks % rarely)) -eq 1 ] || return
  find "$cache/blobs" "$cache/manifests" -type f -name "$unfinished" -mmin "+$abandoned" -exec rm -f {} +
}

# Bytes of the blobs that are stored, and of those under way as they will be.
expected() {
  find "$cache/blobs" -type f -name "$object" -exec stat -c %s {} + 2>/dev/null
  find "$cache/blobs" -type f -name "$unfinished" -exec grep -a -h -m 1 '^Content-Length: ' {} + 2>/dev/null |
    tr -cd '0-9\n'
}

# Keeps the mark that fills.ts looks at.
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
  # In the background, so that a signal ends the wait.
  sleep "$interval" &
  wait $!
done
