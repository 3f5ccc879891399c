#!/bin/sh
# Does what zot lacks, in a container of its own, because zot's image has no shell:
# - zot has no size limit. If all stores together exceed their share of the disk, the keeper deletes the repositories that changed the longest ago. A repository
#   is a directory, which one rename deletes as a whole. zot then fetches it again, with its manifests.
# - A killed sync leaves files, with which zot may hang (zot#4357). The keeper deletes them after a restart of zot, or when nobody has written to them for long.
# - While an upstream is silent (never answers, whether or not it accepts connections), zot waits, and so does each client. The keeper tells the edge.
# - zot has no metrics of what it stores and fetches. The keeper has: see docs/metrics.md.
#
# Usage: keeper.sh STORES SILENT_MARK METRICS_FILE NAME=PORT=URL...
# The upstream NAME is at URL, and its zot listens on loopback. Its store is the directory STORES/NAME. While it is silent, a file SILENT_MARK`NAME.TIME` exists.
# TIME is the time in tens of seconds in which the mark is valid, so that no mark outlives the keeper for long.
# Environment:
#   MAX_MIB     the limit for all stores together; empty for half of their file system
set -u
stores=$1 mark=$2 metrics=$3
shift 3
watchers=
# shellcheck disable=SC2086 # word splitting is intended
trap 'kill $watchers; exit 0' TERM INT QUIT

# Seconds between two checks of the stores, and of an upstream; seconds that an answer may take; silent checks until an upstream counts as silent. As in origin.sh.
interval=5
limit=2
patience=2

# Minutes without a write after which a sync, or blobs without an index, count as abandoned.
abandoned=10

# Seconds since its last change in which a repository is kept if another one can be deleted, because a sync may be in progress.
fresh=60

# Percent of the limit to which an eviction reduces the stores.
enough=90

log() { printf '{"time":"%s","message":"%s","file":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2"; }

# URL: whether it doesn't answer. Any answer counts, even a refusal, so the certificate isn't verified. `timeout` exits with 124 or, in busybox, 143.
silent() {
  { timeout "$limit" wget -q --no-check-certificate -O /dev/null "${1%/}/v2/"; } 2>/dev/null
  [ $? -ge 124 ]
}

# NAME: writes marks for the next 20 to 30 s.
mark() {
  moment=$(($(date +%s) / 10))
  for it in 0 1 2; do : >"$mark$1.$((moment + it))"; done
  for it in "$mark$1".*; do [ "${it##*.}" -ge "$moment" ] || rm -f "$it"; done
}

# NAME URL: checks an upstream repeatedly, and marks it while it is silent.
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

# DIRECTORY...: their size in KiB.
used() { du -sk "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

room() {
  if [ -n "${MAX_MIB:-}" ]; then
    echo $((MAX_MIB * 1024))
  else
    # shellcheck disable=SC2046 # word splitting is intended
    set -- $(stat -f -c '%S %b' "$stores/${first%%=*}")
    echo $(($1 * $2 / 1024 / 2))
  fi
}

# DIRECTORY: when its repository, or a copy to it in progress, last changed. A new blob changes the time of its directory.
changed() {
  {
    stat -c %Y "$1/index.json" "$1"/blobs/*
    find "$1/.sync" "$1/.uploads" -exec stat -c %Y {} +
  } 2>/dev/null | sort -n | tail -n 1
}

# EXPRESSION...: finds files that are neither in progress nor being deleted.
find_settled() { find "$stores" \( -name .sync -o -name '.evicted-*' \) -prune -o "$@" -print 2>/dev/null; }

# All repositories as TIME DIRECTORY, the one that changed the longest ago first.
repositories() {
  find_settled -name index.json -type f | while read -r index; do
    echo "$(changed "${index%/*}") ${index%/*}"
  done | sort -n
}

# DIRECTORY: moves the repository away before deleting it, so that zot never refers to deleted blobs. Repositories below it and copies in progress stay. If there are any,
# its index moves first. sweep() deletes what an interruption leaves. The new name is safe, because no repository's name begins with a dot.
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

# KIB MIN_AGE: evicts repositories without a change for MIN_AGE seconds until the stores are within KIB.
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

# PLACE: the copies in progress there, one directory per line.
copies() { find "$1" -path '*/.sync/*' -prune -type d 2>/dev/null; }

# Deletes copies in progress that can't fit, the largest first. Before its copy is done, an image is on the disk twice.
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

# PATH...: whether nobody writes there any more.
is_abandoned() { [ -z "$(find "$@" -mmin "-$abandoned" 2>/dev/null | head -n 1)" ]; }

# PORT: the start time of the zot there, in seconds; 0 if it doesn't answer.
started() {
  wget -q -T "$limit" -O - "http://127.0.0.1:$1/metrics" 2>/dev/null |
    awk '$1 == "process_start_time_seconds" { time = $2 } END { printf "%d", time }'
}

# NAME=PORT=URL: deletes copies that its zot, or an earlier one, has abandoned. It asks zot for its start time only if there are copies.
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

# NAME=PORT=URL...: deletes what interrupted evictions, and syncs that have ended, have left.
sweep() {
  rm -rf "$stores"/*/.evicted-*
  # A repository can also be called `blobs`.
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

# NAME: counts the bytes of an upstream's repositories, without copies in progress, and the total of all increases between two counts.
count() {
  now=$(find "$stores/$1" \( -name .sync -o -name '.evicted-*' \) -prune -o -type f -exec stat -c %s {} + 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }')
  before=$now total=0
  [ ! -s "$metrics.$1" ] || read -r before total <"$metrics.$1"
  [ "$now" -le "$before" ] || total=$((total + now - before))
  echo "$now $total" >"$metrics.$1"
}

# FORMAT FIELD NAME=PORT=URL...: prints a line for each upstream.
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
    echo '# TYPE registry_cache_keeper_run_time_seconds gauge'
    echo "registry_cache_keeper_run_time_seconds $(date +%s)"
  } >"$metrics.new" && mv "$metrics.new" "$metrics"
}

# Deletes what distribution stored there before zot became the engine.
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
  # Exits if a watcher has ended, because nobody else would notice. The container then restarts.
  for watcher in $watchers; do kill -0 "$watcher" || exit 1; done
  # Sweeps first, because leftovers count towards the limit.
  sweep "$@"
  bound
  report "$@"
  # In the background, so that a signal interrupts the wait.
  sleep "$interval" &
  wait $!
done
