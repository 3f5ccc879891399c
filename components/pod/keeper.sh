#!/bin/sh
# Does for zot what it doesn't do, and its image has no shell for:
# - zot has no limit of bytes. Here the repositories whose last change is the longest ago go when all stores together take more than their share of the disk.
#   A repository is a directory, and goes as a whole, by one rename: zot then fetches it anew, with its manifests.
# - A killed sync leaves its files, with which zot may hang (zot#4357). Here they go once zot has been started anew, or nobody has written to them for long.
# - While an upstream is silent (accepts connections, or not even these, and never answers), zot waits, and with it each client. Here the edge is told.
# - zot doesn't tell what it has or what it has fetched. Here metrics do: see docs/metrics.md.
#
# Usage: keeper.sh STORES SILENT_MARK METRICS_FILE NAME=PORT=URL...
# The upstream NAME is at URL, and its zot listens on loopback. Its store is the directory of its name. While it is silent, there is the file SILENT_MARK with
# `NAME.TIME` at the end: TIME is the time in tens of seconds in which it counts, so that no mark outlives the keeper for long.
# Environment:
#   MAX_MIB     what all stores may hold together; nothing for half of their file system
set -u
stores=$1 mark=$2 metrics=$3
shift 3
watchers=
# shellcheck disable=SC2086 # words are what is wanted
trap 'kill $watchers; exit 0' TERM INT QUIT

# Seconds between two looks at the stores, and at an upstream; how long an answer may take; silent looks until it counts. As in origin.sh.
interval=5
limit=2
patience=2

# Minutes without a write after which a sync is over, or blobs belong to nothing.
abandoned=10

# Seconds since its last change in which a repository stays, if there is another: it may be under way.
fresh=60

# Percent of the room that is left filled when something has to go.
enough=90

log() { printf '{"time":"%s","message":"%s","file":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2"; }

# URL. Any answer will do, also a refusal. `timeout` answers 124 or, in busybox, 143.
silent() {
  { timeout "$limit" wget -q -O /dev/null "${1%/}/v2/"; } 2>/dev/null
  [ $? -ge 124 ]
}

# NAME: for the next 20 to 30 s.
mark() {
  moment=$(($(date +%s) / 10))
  for it in 0 1 2; do : >"$mark$1.$((moment + it))"; done
  for it in "$mark$1".*; do [ "${it##*.}" -ge "$moment" ] || rm -f "$it"; done
}

# NAME URL
watch() {
  silences=0
  while sleep "$interval"; do
    if silent "$2"; then silences=$((silences + 1)); else silences=0; fi
    if [ "$silences" -ge "$patience" ]; then
      [ "$silences" -gt "$patience" ] || log "the upstream is silent" "$1"
      mark "$1"
    else
      rm -f "$mark$1".*
    fi
  done
}

# Of directories, in KiB.
used() { du -sk "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

room() {
  if [ -n "${MAX_MIB:-}" ]; then
    echo $((MAX_MIB * 1024))
  else
    # shellcheck disable=SC2046 # words are what is wanted
    set -- $(stat -f -c '%S %b' "$stores/${first%%=*}")
    echo $(($1 * $2 / 1024 / 2))
  fi
}

# DIRECTORY: when its repository last changed, or what is being copied to it did. A new blob shows in the time of its directory.
changed() {
  {
    stat -c %Y "$1/index.json" "$1"/blobs/*
    find "$1/.sync" "$1/.uploads" -exec stat -c %Y {} +
  } 2>/dev/null | sort -n | tail -n 1
}

# EXPRESSION...: of what isn't under way, nor being deleted.
find_settled() { find "$stores" \( -name .sync -o -name '.evicted-*' \) -prune -o "$@" -print 2>/dev/null; }

# All repositories, the one whose last change is the longest ago first, as TIME DIRECTORY.
repositories() {
  find_settled -name index.json -type f | while read -r index; do
    echo "$(changed "${index%/*}") ${index%/*}"
  done | sort -n
}

# DIRECTORY: out of zot's sight before anything of it is gone, so that nobody is sent to blobs that are. Repositories below it stay, and copies under way: where there
# are any, its index goes first. What is left if that is cut off, sweep() finds. No repository's name begins with a dot.
evict() {
  gone=${1#"$stores/"}
  gone=$stores/${gone%%/*}/.evicted-$$-$evicted
  rmdir "$1/.sync" "$1/.uploads" 2>/dev/null
  if [ -z "$(find "$1" -mindepth 1 -maxdepth 1 ! -name index.json ! -name blobs ! -name oci-layout | head -n 1)" ]; then
    mv "$1" "$gone"
  else
    mkdir "$gone"
    for it in index.json blobs oci-layout; do mv "$1/$it" "$gone/"; done
  fi
  rm -rf "$gone"
  rmdir -p "$1" 2>/dev/null || rmdir -p "${1%/*}" 2>/dev/null
  evicted=$((evicted + 1))
  log "deleted: the stores are over their share of the disk" "$1"
}

# KIB MIN_AGE: until what is used is under that.
shrink() {
  list=$(repositories)
  now=$(date +%s)
  while read -r last directory; do
    [ "$(used "$stores")" -gt "$1" ] || return 0
    [ -n "$directory" ] && [ $((now - last)) -ge "$2" ] && evict "$directory"
  done <<END
$list
END
}

# PLACE: what is being copied there, as DIRECTORY for each line.
copies() { find "$1" -path '*/.sync/*' -prune -type d 2>/dev/null; }

# Copies for which no deletion makes enough room, the largest first: an image is there twice before its copy is done.
refuse() {
  list=$(copies "$stores" | while read -r it; do echo "$(used "$it") $it"; done | sort -rn)
  all=$(echo "$list" | awk '{ sum += $1 } END { print sum + 0 }')
  while read -r size directory; do
    [ -n "$directory" ] || return 0
    [ "$size" -gt $((most / 2)) ] || [ "$all" -gt "$most" ] || return 0
    rm -rf "$directory"
    all=$((all - size)) refused=$((refused + 1))
    log "deleted: a copy that is too large for the stores' share of the disk" "$directory"
  done <<END
$list
END
}

bound() {
  most=$(room)
  [ "$(used "$stores")" -gt "$most" ] || return 0
  refuse
  target=$((most * enough / 100))
  shrink "$target" "$fresh"
  shrink "$most" 0
}

# PATH...: nobody writes there any more.
is_abandoned() { [ -z "$(find "$@" -mmin "-$abandoned" 2>/dev/null | head -n 1)" ]; }

# PORT: when the zot there was started, in seconds; 0 where it doesn't say.
started() {
  wget -q -T "$limit" -O - "http://127.0.0.1:$1/metrics" 2>/dev/null |
    awk '$1 == "process_start_time_seconds" { time = $2 } END { printf "%d", time }'
}

# NAME=PORT=URL: copies that its zot has left, or the one before it. It is asked only where there are some.
sweep_copies() {
  port=${1#*=} port=${port%%=*} start=
  copies "$stores/${1%%=*}" | while read -r staging; do
    start=${start:-$(started "$port")}
    last=$(find "$staging" -exec stat -c %Y {} + 2>/dev/null | sort -n | tail -n 1)
    { [ -n "$last" ] && [ "$last" -lt "$start" ]; } || is_abandoned "$staging" || continue
    rm -rf "$staging"
    log "deleted: a sync has left it" "$staging"
  done
}

# NAME=PORT=URL...
sweep() {
  rm -rf "$stores"/*/.evicted-*
  # A repository can have the name `blobs`, too.
  find_settled -type d -name blobs -prune | while read -r blobs; do
    directory=${blobs%/*}
    [ -z "$(find "$directory/index.json" "$blobs" -name index.json 2>/dev/null | head -n 1)" ] || continue
    is_abandoned "$blobs" "$directory/.sync" "$directory/.uploads" || continue
    rm -rf "$blobs" "$directory/oci-layout"
    rmdir -p "$directory" 2>/dev/null
    log "deleted: no repository's blobs" "$directory"
  done
  for upstream in "$@"; do sweep_copies "$upstream"; done
}

# NAME: the bytes of an upstream's repositories, without what is under way, and of all that they ever had, as far as the looks saw it.
count() {
  now=$(find "$stores/$1" \( -name .sync -o -name '.evicted-*' \) -prune -o -type f -exec stat -c %s {} + 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }')
  before=$now total=0
  [ ! -s "$metrics.$1" ] || read -r before total <"$metrics.$1"
  [ "$now" -le "$before" ] || total=$((total + now - before))
  echo "$now $total" >"$metrics.$1"
}

# FORMAT FIELD NAME=PORT=URL...: a line for each upstream.
each() {
  format=$1 field=$2
  shift 2
  for upstream in "$@"; do
    # shellcheck disable=SC2059 # the format is this script's
    printf "$format\n" "${upstream%%=*}" "$(cut -d ' ' -f "$field" "$metrics.${upstream%%=*}")"
  done
}

report() {
  for upstream in "$@"; do count "${upstream%%=*}"; done
  {
    echo '# TYPE registry_cache_engine_store_bytes gauge'
    each 'registry_cache_engine_store_bytes{upstream="%s"} %s' 1 "$@"
    echo '# TYPE registry_cache_engine_store_max_bytes gauge'
    echo "registry_cache_engine_store_max_bytes $((most * 1024))"
    echo '# TYPE registry_cache_engine_evicted_total counter'
    echo "registry_cache_engine_evicted_total $evicted"
    echo '# TYPE registry_cache_engine_too_large_total counter'
    echo "registry_cache_engine_too_large_total $refused"
    echo '# TYPE registry_proxy_pulled_bytes_total counter'
    each 'registry_proxy_pulled_bytes_total{upstream="%s",type="blob"} %s' 2 "$@"
  } >"$metrics.new" && mv "$metrics.new" "$metrics"
}

# What distribution had there, before zot was the engine.
for upstream in "$@"; do
  left=$stores/${upstream%%=*}/docker/registry/v2
  [ ! -d "$left/repositories" ] || [ -e "$left/oci-layout" ] || rm -rf "$left"
done

first=$1 evicted=0 refused=0 most=0
mkdir -p "${metrics%/*}"
for upstream in "$@"; do
  rm -f "$mark${upstream%%=*}".*
  watch "${upstream%%=*}" "${upstream#*=*=}" &
  watchers="$watchers $!"
done
while :; do
  # Without them, nobody would notice. Whoever has started this starts it anew.
  for watcher in $watchers; do kill -0 "$watcher" || exit 1; done
  # First, as what is left over counts.
  sweep "$@"
  bound
  report "$@"
  # In the background, so that a signal ends the wait.
  sleep "$interval" &
  wait $!
done
