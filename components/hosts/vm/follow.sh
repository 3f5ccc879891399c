#!/bin/sh
# Follows the Pod that the cloud wants of this machine. Wherever the script or the machine ends, there is one whole Pod, as each step ends by one rename:
# 1. fetched:  what is wanted is unpacked into pods/.new, checked, and renamed to pods/DIGEST, which is whole from then on.
# 2. applying: this link to a Pod stands while it is applied, and until the last good one is back if it isn't good. Who finds it first applies that again.
# 3. current:  the link to the last good Pod: `applying`, renamed when its health was seen. A boot starts it, and asks nobody.
# 4. failed:   names a Pod that was refused or taken back, and the reason. It isn't tried again until another one was applied.
# 5. deleted:  then, all Pods but the last good one and the one before it.
# `look`: once, for the timer. `start`: starts the last good Pod, or looks until there is one.
set -eu
# The Pod's user reads files of it; passwords are machine.sh's.
umask 022
here=${0%/*}
. "$here/machine.conf"
export STATE="${STATE:-/var/lib/registry-cache}" UNIT="${UNIT-registry-cache@}" CLOUD="$here/cloud"
# What a boot may forget, and what must be written when the disk is full.
export RUN="${RUN:-/run/registry-cache}"

applied() { if [ -h "$STATE/current" ]; then basename "$(readlink "$STATE/current")"; fi; }

# What a command said is in $RUN/said. Its last line is `<reason>: <message>`, or the reason is the second argument. Told once, it stands until it is over.
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

# What failed isn't tried again.
for_good() {
  cp "$RUN/failure" "$STATE/failed.new" && sync "$STATE/failed.new" && mv "$STATE/failed.new" "$STATE/failed"
  return 1
}

# A known failure stands. What keeps the last good Pod from being back comes first.
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
    # With the images, which are as new.
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
    # Else the Pod before isn't back, or it didn't come to its end, and nobody knows what runs.
    if [ "$status" -eq 2 ] || { [ "$status" -eq 1 ] && [ -z "$half" ]; }; then rm -f "$STATE/applying"; fi
    return 1
  fi
}

# Starts what isn't running of the last good Pod, and ends what isn't its own.
restore() {
  pod=$STATE/pods/$(applied)
  { sh "$pod/machine.sh" directories && sh "$pod/apply.sh" "$pod"; } >"$RUN/said" 2>&1 || fails "$(applied)" unhealthy || return
  cat "$RUN/said" >&2
  rm -f "$STATE/applying" "$RUN/starting"
}

is_half() { [ -n "$(applied)" ] && { [ -h "$STATE/applying" ] || [ -e "$RUN/starting" ]; }; }
is_whole() { [ -n "$(applied)" ] && ! is_half; }

# Passwords and certificates, by their versions in the store, every two minutes.
follow() {
  if [ -z "$(applied)" ] || [ -n "$(find "$RUN/followed" -mmin -2 2>/dev/null)" ]; then return; fi
  sh "$STATE/current/machine.sh" follow >"$RUN/said" 2>&1 && touch "$RUN/followed" && cat "$RUN/said" >&2
}

# Which Pod is wanted.
ask() {
  "$CLOUD" wanted >"$RUN/answer" 2>"$RUN/said" || fails - unreachable || return
  wanted=$(head -c 65 "$RUN/answer" | tr -d '\0')
  echo 'what is wanted is no digest' >"$RUN/said"
  echo "$wanted" | grep -qx '[0-9a-f]\{64\}' || fails - digest || return
  echo "$wanted" >"$RUN/wanted"
  date +%s >"$RUN/looked"
}

# Images come from registries that count how often they are asked.
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

# For node_exporter, as text.
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

# Alone, whoever has called it.
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
