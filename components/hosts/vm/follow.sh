#!/bin/sh
# Makes the machine run the Pod that the cloud wants. Each step ends with one rename, so there is always one whole Pod, even if the script or the machine stops at any point:
# 1. fetched:  the wanted Pod is unpacked into pods/.new, checked, and renamed to pods/DIGEST. From then on it is complete.
# 2. applying: a link to the Pod that is being applied. If it fails, the link stays until the last good Pod runs again. The next run that finds the link first restores that Pod.
# 3. current:  a link to the last good Pod: `applying`, renamed after the Pod became healthy. A boot starts this Pod without asking the cloud.
# 4. failed:   names a Pod that was refused or rolled back, and the reason. That Pod isn't tried again until another one was applied.
# 5. deleted:  finally, all Pods are deleted, except for the last good one and the one before it.
# `look`: one run, for the timer. `start`: starts the last good Pod, or looks until there is one.
set -eu
# The Pod's user reads some of the files. machine.sh protects the secrets.
umask 022
here=${0%/*}
. "$here/machine.conf"
export STATE="${STATE:-/var/lib/registry-cache}" UNIT="${UNIT-registry-cache@}" CLOUD="$here/cloud"
# Files that a boot may delete, and files that must be writable even if the disk is full.
export RUN="${RUN:-/run/registry-cache}"

applied() { if [ -h "$STATE/current" ]; then basename "$(readlink "$STATE/current")"; fi; }

# Records a failure. $RUN/said has the failed command's output. If its last line is `<reason>: <message>`, that is the reason; otherwise, the second argument is. The same failure is logged once.
fails() {
  reason=$2
  message=$(tail -n 1 "$RUN/said")
  case $message in
  unreachable:\ * | digest:\ * | region:\ * | disk:\ * | secret:\ * | image:\ * | refused:\ * | unhealthy:\ *)
    reason=${message%%:*}
    message=${message#*: }
    ;;
  esac
  if grep -qi 'no space left on device' "$RUN/said"; then reason=disk; fi
  if ! grep -qs "^$reason $1 " "$RUN/failure"; then
    cat "$RUN/said" >&2
    printf 'failed: %s, %.12s: %s\n' "$reason" "$1" "$message" >&2
  fi
  echo "$reason $1 $message" >"$RUN/failure"
  return 1
}

# Marks the failure as final, so that the Pod isn't tried again.
for_good() {
  cp "$RUN/failure" "$STATE/failed.new" && sync "$STATE/failed.new" && mv "$STATE/failed.new" "$STATE/failed"
  return 1
}

# Reports a known failure again without a new try. If the last good Pod isn't back yet, the failure that prevents it has priority.
stands() {
  grep -qs "^[a-z]* $wanted " "$1" && { is_half || cp "$1" "$RUN/failure"; }
}

unpack() {
  rm -rf "$2" && mkdir "$2" || return 1
  jq -r 'to_entries[] | if .key | test("^\\w[\\w.-]*(/\\w[\\w.-]*)*$") then "\(.key) \(.value | @base64)" else error("a path: \(.key)") end' \
    "$1" >"$RUN/files" || return 1
  while read -r path content; do
    mkdir -p "$(dirname "$2/$path")" && echo "$content" | base64 -d >"$2/$path" || return 1
  done <"$RUN/files"
}

fetch() {
  "$CLOUD" pod "$1" >"$RUN/pod" 2>"$RUN/said" || fails "$1" unreachable || return
  echo "$(wc -c <"$RUN/pod") bytes came, which aren't the Pod" >"$RUN/said"
  echo "$1  $RUN/pod" | sha256sum --check --status || fails "$1" digest || return
  new=$STATE/pods/.new
  unpack "$RUN/pod" "$new" 2>"$RUN/said" || fails "$1" digest || return
  echo "the Pod is for $(cat "$new/region"), and the machine in $REGION" >"$RUN/said"
  [ "$(cat "$new/region")" = "$REGION" ] || fails "$1" region || for_good || return
  { sync -f "$new" && mv "$new" "$STATE/pods/$1" && sync "$STATE/pods"; } 2>"$RUN/said" || fails "$1" disk
}

apply() {
  pod=$STATE/pods/$1
  before=$(applied)
  half=$(readlink "$STATE/applying") || half=
  [ -d "$pod" ] || fetch "$1" || return
  sh "$pod/machine.sh" prepare >"$RUN/said" 2>&1 || fails "$1" secret || return
  { ln -sfn "pods/$1" "$STATE/applying" && sync "$STATE"; } 2>"$RUN/said" || fails "$1" disk || return
  status=0
  sh "$pod/apply.sh" "$pod" ${before:+"$STATE/pods/$before"} >"$RUN/said" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    cat "$RUN/said" >&2
    # `sync -f` flushes the whole file system, including the images that were just pulled.
    { sync -f "$STATE" && touch -h "$STATE/applying" && mv -T "$STATE/applying" "$STATE/current" && sync "$STATE"; } 2>"$RUN/said" ||
      fails "$1" disk || return
    printf 'applied: %.12s\n' "$1" >&2
    rm -f "$STATE/failed" "$RUN/tried" "$RUN/starting" "$RUN/followed"
    find "$STATE/pods" -mindepth 1 -maxdepth 1 ! -name "$1" ! -name "${before:-$1}" -exec rm -rf {} +
    sh "$pod/machine.sh" tidy >/dev/null 2>&1 || :
  else
    fails "$1" unhealthy || :
    case ${before:+"$status"}:$reason in
    [23]:unhealthy | *:refused) for_good || : ;;
    *) cp "$RUN/failure" "$RUN/tried" ;;
    esac
    # Otherwise the previous Pod isn't back, or apply.sh was interrupted, and it's unknown what runs. Then the link stays.
    if [ "$status" -eq 2 ] || { [ "$status" -eq 1 ] && [ -z "$half" ]; }; then rm -f "$STATE/applying"; fi
    return 1
  fi
}

# Starts the parts of the last good Pod that aren't running, and stops everything that isn't part of it.
restore() {
  pod=$STATE/pods/$(applied)
  { sh "$pod/machine.sh" directories && sh "$pod/apply.sh" "$pod"; } >"$RUN/said" 2>&1 || fails "$(applied)" unhealthy || return
  cat "$RUN/said" >&2
  rm -f "$STATE/applying" "$RUN/starting"
}

is_half() { [ -n "$(applied)" ] && { [ -h "$STATE/applying" ] || [ -e "$RUN/starting" ]; }; }
is_whole() { [ -n "$(applied)" ] && ! is_half; }

# Every two minutes, takes new versions of secrets and certificates from the store.
follow() {
  if [ -z "$(applied)" ] || [ -n "$(find "$RUN/followed" -mmin -2 2>/dev/null)" ]; then return; fi
  sh "$STATE/current/machine.sh" follow >"$RUN/said" 2>&1 && touch "$RUN/followed" && cat "$RUN/said" >&2
}

# Asks the cloud which Pod it wants.
ask() {
  "$CLOUD" wanted >"$RUN/answer" 2>"$RUN/said" || fails - unreachable || return
  wanted=$(head -c 65 "$RUN/answer" | tr -d '\0')
  echo 'what is wanted is no digest' >"$RUN/said"
  echo "$wanted" | grep -qx '[0-9a-f]\{64\}' || fails - digest || return
  echo "$wanted" >"$RUN/wanted"
  date +%s >"$RUN/looked"
}

# Waits before the next try, because registries limit the number of pulls.
waits() { stands "$STATE/failed" || { [ -n "$(find "$RUN/tried" -mmin -5 2>/dev/null)" ] && stands "$RUN/tried"; }; }

renew() {
  ! waits || return
  metrics
  apply "$wanted" && rm -f "$RUN/failure"
}

look() {
  if is_half; then restore || :; fi
  if ! ask; then
    follow
  elif [ "$wanted" != "$(applied)" ]; then
    renew || follow
  elif is_half; then
    follow
  else
    follow || fails "$wanted" secret || return
    if [ -e "$RUN/failure" ]; then echo 'what failed is over' >&2; fi
    rm -f "$RUN/failure"
  fi
}

# Writes metrics as text for node_exporter.
metrics() {
  outdated=1
  if [ "$(cat "$RUN/wanted" 2>/dev/null)" = "$(applied)" ] && [ ! -e "$RUN/failure" ]; then outdated=0; fi
  {
    if [ -e "$RUN/looked" ]; then
      printf 'registry_cache_pod_wanted_info{digest="%.12s"} 1\n' "$(cat "$RUN/wanted")"
      echo "registry_cache_pod_look_time_seconds $(cat "$RUN/looked")"
    fi
    if [ -n "$(applied)" ]; then
      printf 'registry_cache_pod_applied_info{digest="%.12s"} 1\n' "$(applied)"
      echo "registry_cache_pod_applied_time_seconds $(stat -c %Y "$STATE/current")"
    fi
    if [ -e "$RUN/failure" ]; then
      echo "registry_cache_pod_failure_info{reason=\"$(cut -d ' ' -f 1 "$RUN/failure")\"} 1"
    fi
    echo "registry_cache_pod_outdated $outdated"
  } >"$RUN/metrics.new"
  mv "$RUN/metrics.new" "$RUN/metrics/registry-cache.prom"
}

# Runs a command under a lock, so that only one run is active.
once() {
  flock 9
  result=0
  "$@" || result=1
  metrics
  flock -u 9
  return "$result"
}

mkdir -p "$STATE/pods" "$RUN/metrics"
exec 9>"$RUN/lock"
case $1 in
look) once look || true ;;
start)
  touch "$RUN/starting"
  until { once look || :; } && is_whole; do sleep 10; done
  ;;
esac
