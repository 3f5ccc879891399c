#!/bin/sh
# Makes this machine's Pods match a bundle: one Pod for each container of the cache. If only files change that a running program can reload, the program
# checks them, and they are replaced in place. Any other change replaces the part's Pod. If the cache was healthy before the change and isn't after it, the previous
# bundle is applied again.
#
# Usage: apply.sh BUNDLE_DIRECTORY [PREVIOUS_BUNDLE_DIRECTORY]
# Environment:
#   STATE         directory of the files that the Pods mount; it outlives this script
#   UNIT          prefix of the systemd units that play $STATE/units/<pod>.yaml, such as registry-cache@. Empty: podman plays it.
#   WELL_SECONDS  maximum number of seconds until the cache is healthy again; 60 by default
# Exit: 0 applied; 1 refused before anything changed; 2 the previous bundle runs again; 3 it doesn't. For 1 to 3, the last line of standard error is `REASON: MESSAGE`.
set -u
umask 022
bundle=$1 previous=${2-}
: "${STATE:?}" "${UNIT=}" "${WELL_SECONDS:=60}"
region=$(cat "$bundle/region")

# Seconds that a stop waits for transfers to end. The containers' own limits are shorter.
grace=120

# This file exists during a change if the cache was healthy before it, even if this script was killed meanwhile.
was_well=$STATE/was-well

# Allows one change at a time, even if this script still runs after its caller was stopped. Processes that podman starts, and those that finish transfers, don't hold the lock.
if command -v flock >/dev/null; then
  mkdir -p "$STATE" && exec 8<"$STATE" && flock 8
  podman() { command podman "$@" 8>&-; }
fi

fail() {
  echo "$2: $3" >&2
  exit "$1"
}

# The file doesn't end with a line break, so `read` returns an error, which is ignored.
pod_of() {
  read -r its_pod <"$bundle/parts/$1/pod"
  echo "$its_pod"
}

files_of() {
  read -r its_pod <"$bundle/parts/$1/pod"
  echo "$STATE/files/$1-${its_pod##*-}"
}

# The edge is last, because it needs the other parts.
parts() {
  for it in "$bundle"/parts/*; do [ "${it##*/}" = edge ] || echo "${it##*/}"; done
  echo edge
}

# `POD CONTAINER START` of each container of the region. Lists containers instead of Pods, because podman locks a Pod while it stops.
containers() {
  podman ps --pod --format '{{.PodName}} {{.Names}} {{.StartedAt}}' --filter label=app.kubernetes.io/name=registry-cache \
    --filter "label=app.kubernetes.io/instance=$region" "$@"
}

look() { running=$(containers); }

newline='
'
# Whether a Pod ran at the last look. A Pod that only finishes its transfers doesn't count.
runs() {
  [ ! -e "$STATE/retired/$1" ] || return
  case "$newline$running" in *"$newline$1 "*) ;; *) return 1 ;; esac
}

# The part's Pods that ran at the last look and aren't the bundle's.
other() {
  name=$(pod_of "$1")
  for pod in $(echo "$running" | sed -n "s/^\(${name%-*}-[0-9a-f]*\) .*/\1/p"); do
    [ "$pod" = "$name" ] || ! runs "$pod" || echo "$pod"
  done
}

same_files() { diff -r -x .next "$bundle/parts/$1/files" "$(files_of "$1")" >/dev/null 2>&1; }

# Writes the new files beside those in use. If no running Pod uses them, also replaces them.
propose() {
  next=$(files_of "$1")/.next
  rm -rf "$next" && mkdir -p "$next" && cp "$bundle/parts/$1/files/"* "$next/" || return
  runs "$(pod_of "$1")" || cp "$bundle/parts/$1/files/"* "$(files_of "$1")/"
}

# Lets the part's own program check the files: in the running container, or, if that will be replaced, in a temporary container with the new image.
accepted() {
  [ -e "$bundle/parts/$1/check" ] || return 0
  part=$1 pod=$(pod_of "$1") old=$(other "$1" | head -n 1)
  set -f
  IFS='
'
  # shellcheck disable=SC2046
  set -- $(cat "$bundle/parts/$part/check")
  unset IFS
  set +f
  if runs "$pod"; then
    podman exec "$pod-$part" "$@"
  elif [ -n "$old" ]; then
    program=$1
    shift
    podman run --rm --pull never --network host --read-only --cap-drop all --volumes-from "$old-$part" \
      --user "$(podman inspect --format '{{.Config.User}}' "$old-$part")" \
      --volume "$(files_of "$part"):/etc/registry-cache/$part:ro" --entrypoint "$program" "$(cat "$bundle/parts/$part/image")" "$@"
  fi
}

# Does all checks that are possible before anything changes.
prepare() {
  look
  images=$(for part in $(parts); do runs "$(pod_of "$part")" || { cat "$bundle/parts/$part/image" && echo; }; done)
  # A single call if all images exist.
  # shellcheck disable=SC2086
  [ -z "$images" ] || podman image inspect --format found $images >/dev/null 2>&1 || for image in $images; do
    podman image exists "$image" || podman pull --quiet "$image" >/dev/null || fail 1 image "can't pull $image"
  done
  for part in $(parts); do
    ! { same_files "$part" && runs "$(pod_of "$part")"; } || continue
    propose "$part" || fail 1 disk "can't write the files of $part"
    said=$(accepted "$part" 2>&1) || {
      # Exit codes from 125 mean that podman failed, not the program.
      if [ $? -lt 125 ]; then reason=refused; else reason=image; fi
      fail 1 "$reason" "$part: $(echo "$said" | tail -n 1)"
    }
  done
}

play() {
  if [ -z "$UNIT" ]; then
    podman kube play --log-opt max-size=10mb "$bundle/parts/$1/pod.yaml"
  else
    mkdir -p "$STATE/units" && cp "$bundle/parts/$1/pod.yaml" "$STATE/units/$(pod_of "$1").yaml" &&
      systemctl start "$UNIT$(pod_of "$1").service"
  fi
} >/dev/null

# Usage: stop POD PART. Waits for transfers in progress.
stop() {
  if [ -z "$UNIT" ]; then
    podman stop --time "$grace" "$1-$2"
    podman pod rm --force "$1"
  else
    systemctl stop "$UNIT$1.service"
    rm -f "$STATE/units/$1.yaml"
  fi
} >/dev/null 2>&1

# Fails if the container has no process.
process_of() { podman inspect --format '{{.State.Pid}}' "$1" 2>/dev/null | grep -vx 0; }

# Removes the Pod immediately. podman can't kill a container that it is already stopping, so the process is killed directly. Without root, the process belongs to another user.
remove() {
  pod=$(pod_of "$1")
  if [ -n "$UNIT" ]; then
    systemctl kill --signal KILL "$UNIT$pod.service"
    systemctl stop "$UNIT$pod.service"
  fi
  if podman pod exists "$pod"; then
    [ -n "$UNIT" ] || { process=$(process_of "$pod-$1") && { kill -KILL "$process" || podman unshare kill -KILL "$process"; }; }
    podman pod rm --force "$pod"
  fi
  rm -f "$STATE/retired/$pod"
} >/dev/null 2>&1

# First removes a Pod with the same name: one that failed, or one that still finishes its transfers.
start() {
  remove "$1"
  if same_files "$1" || { rm -rf "$(files_of "$1")" && propose "$1"; } && rm -rf "$(files_of "$1")/.next" && play "$1"; then return; fi
  remove "$1"
  return 1
}

# Replaces each file atomically with the one from prepare(). In a rollback, the previous bundle's files are written only now.
take_files() {
  ! same_files "$1" || return 0
  next=$(files_of "$1")/.next
  diff -r "$bundle/parts/$1/files" "$next" >/dev/null 2>&1 || propose "$1" || return
  mv "$next/"* "$(files_of "$1")/" && rm -r "$next"
}

# Usage: retire POD PART. Like stop, but in the background.
retire() {
  mkdir -p "$STATE/retired" && : >"$STATE/retired/$1"
  if [ -n "$UNIT" ]; then
    systemctl stop --no-block "$UNIT$1.service"
    return
  fi
  # Uses ids, because other containers may have the names by then.
  ids=$(podman inspect --format '{{.Id}} {{.Pod}}' "$1-$2")
  {
    podman stop --time "$grace" "${ids% *}"
    podman pod rm --force "${ids#* }"
  } </dev/null >/dev/null 2>&1 8>&- &
}

# The new edge waits for the port, so the port is closed only for a moment. The old edge finishes its transfers.
hand_over() {
  old=$(other edge)
  start edge || return
  for pod in $old; do retire "$pod" edge; done
}

# Waits until the part answers, but not forever, because it may be waiting for its upstream. If its image has no wget (podman's exit code 127), the edge asks instead.
await_ready() {
  [ -e "$bundle/parts/$1/ready" ] || return 0
  asking=$(pod_of "$1")-$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    podman exec "$asking" wget -q -T 2 -O /dev/null "$(cat "$bundle/parts/$1/ready")" 2>/dev/null && return
    [ $? -ne 127 ] || for pod in $(pod_of edge) $(other edge); do ! runs "$pod" || asking=$pod-edge; done
    sleep 1
  done
  return 0
}

# `POD/PART` of the Pods that aren't the bundle's, except for those that still finish their transfers.
unwanted() {
  containers --all | while read -r pod container _; do
    grep -qx "$pod" "$bundle"/parts/*/pod || { [ -e "$STATE/retired/$pod" ] && process_of "$container" >/dev/null; } ||
      echo "$pod/${container#"$pod-"}"
  done
}

# Changes the parts in parallel, so that a part that waits for its transfers doesn't delay others. The stop of removed parts begins first, because others may need their ports.
change() {
  look
  # Everything that is started or stopped.
  moved=$(unwanted)
  gone='' starting='' failed=''
  for it in $moved; do
    [ -e "$bundle/parts/${it#*/}" ] || stop "${it%/*}" "${it#*/}" &
    gone="$gone $!"
  done
  for part in $(parts); do
    if [ "$part" = edge ]; then
      for job in $starting; do wait "${job#*:}" || failed=${job%:*}; done
    fi
    [ -z "$failed" ] || break
    if runs "$(pod_of "$part")"; then
      take_files "$part" || failed=$part
    elif [ "$part" = edge ]; then
      moved=edge
      hand_over || failed=$part
    else
      moved=$part
      old=$(other "$part")
      {
        for pod in $old; do stop "$pod" "$part"; done
        start "$part" && { [ -z "$old" ] || await_ready "$part"; }
      } &
      starting="$starting $part:$!"
    fi
  done
  # nginx doesn't retry an origin for some seconds after it was down, unless it reloads.
  [ -z "$starting" ] || [ -n "$failed" ] || podman exec "$(pod_of edge)-edge" sh -c 'kill -HUP 1'
  # Doesn't wait for an old edge that finishes its transfers.
  for job in $gone; do wait "$job"; done
  culprit=$failed obstacle="$failed doesn't start"
  [ -z "$failed" ] || return
  [ -z "$moved" ] || for it in $(unwanted); do stop "${it%/*}" "${it#*/}"; done
}

# Usage: well POD BUNDLE. Whether the endpoint works for a client, even if the certificate is invalid.
well() { podman exec "$1-edge" wget -q -T 8 -O - "$(cat "$2/health")" 2>/dev/null | grep -q '^probe_success 1'; }

# Whether each part runs the bundle's version. If not, sets $culprit to the part and $obstacle to the reason.
taken() {
  look
  for part in $(parts); do
    culprit=$part obstacle="$part doesn't run"
    runs "$(pod_of "$part")" || return
    [ -e "$bundle/parts/$part/taken" ] || continue
    obstacle="$part hasn't taken up its files"
    read -r url answer <"$bundle/parts/$part/taken"
    [ "$(podman exec "$(pod_of "$part")-$part" wget -q -T 8 -O - "$url" 2>/dev/null)" = "$answer" ] || return
  done
  culprit='' obstacle=''
}

# Requires that nothing restarted since the previous look, because a part that keeps failing and restarting also appears as running.
becomes_well() {
  end=$(($(date +%s) + WELL_SECONDS)) before=
  [ -n "$moved" ] || before=$running
  until taken && well "$(pod_of edge)" "$bundle" && [ "$running" = "$before" ]; do
    [ -n "$culprit" ] || culprit=$(printf '%s\n' "$running" "${before:-$running}" | sort | uniq -u | sed 's/^\([^ ]*\) \1-\([^ ]*\) .*/\2/;q')
    before=$running
    [ "$(date +%s)" -lt "$end" ] || return
    sleep 1
  done
}

tidy() {
  for directory in "$STATE"/files/*; do
    part=${directory##*/}
    part=${part%-*}
    { [ -e "$bundle/parts/$part" ] && [ "$directory" = "$(files_of "$part")" ]; } || rm -rf "$directory"
  done
  for left in "$STATE"/retired/* "$STATE"/units/*.yaml; do
    [ -e "$left" ] || continue
    pod=$(basename "$left" .yaml)
    grep -qx "$pod" "$bundle"/parts/*/pod || podman pod exists "$pod" || rm -f "$left"
  done
}

prepare
for pod in $(pod_of edge) $(other edge); do
  if runs "$pod" && well "$pod" "${previous:-$bundle}"; then : >"$was_well"; fi
done
if change && { [ ! -e "$was_well" ] || becomes_well; }; then
  rm -f "$was_well"
  tidy
  exit 0
fi
reason=${obstacle:-${culprit:+"$culprit ends again and again"}}
reason=${reason:-"the endpoint doesn't answer"}
[ -z "$culprit" ] || podman logs --tail 5 "$(pod_of "$culprit")-$culprit" >&2
[ -e "$previous/region" ] || fail 3 unhealthy "$reason"
bundle=$previous
if change && becomes_well; then
  rm -f "$was_well"
  tidy
  fail 2 unhealthy "$reason; what ran before is back"
fi
fail 3 unhealthy "$reason; nor is what ran before well: ${obstacle:-$culprit}"
