#!/bin/sh
# Makes the Pods of this machine those of a bundle: one Pod for each container of the cache. What only changes files that a running program takes up by
# itself is checked by that program, and written. Anything else replaces that part's Pod. If the cache was well before and isn't after, the bundle
# before is applied again.
#
# Usage: apply.sh BUNDLE_DIRECTORY [PREVIOUS_BUNDLE_DIRECTORY]
# Environment:
#   STATE         directory of what the Pods mount, which survives this script
#   UNIT          prefix of the systemd units that play $STATE/units/<pod>.yaml, such as registry-cache@. Empty: podman plays it.
#   WELL_SECONDS  how long the cache may take until it is well again; 60 by default
# Exit: 0 applied; 1 refused before anything changed; 2 the bundle before is back; 3 it isn't. Then the last line of standard error is `REASON: MESSAGE`.
set -u
umask 022
bundle=$1 previous=${2-}
: "${STATE:?}" "${UNIT=}" "${WELL_SECONDS:=60}"
region=$(cat "$bundle/region")

# Seconds that a stop waits for transfers to end; the containers' own limits are under it.
grace=120

# There as long as a change hasn't ended before which the cache was well, also if this script was killed meanwhile.
was_well=$STATE/was-well

# One change after the other, also where one goes on after whoever called it has been stopped. What podman starts doesn't hold the lock, nor what ends transfers.
if command -v flock >/dev/null; then
  mkdir -p "$STATE" && exec 8<"$STATE" && flock 8
  podman() { command podman "$@" 8>&-; }
fi

fail() {
  echo "$2: $3" >&2
  exit "$1"
}

# Its file has no end of line, which `read` takes for a failure.
pod_of() {
  read -r its_pod <"$bundle/parts/$1/pod"
  echo "$its_pod"
}

files_of() {
  read -r its_pod <"$bundle/parts/$1/pod"
  echo "$STATE/files/$1-${its_pod##*-}"
}

# The edge is last: what it needs is there before.
parts() {
  for it in "$bundle"/parts/*; do [ "${it##*/}" = edge ] || echo "${it##*/}"; done
  echo edge
}

# `POD CONTAINER START` of each container of the region. Not by Pods, which podman locks while one of them stops.
containers() {
  podman ps --pod --format '{{.PodName}} {{.Names}} {{.StartedAt}}' --filter label=app.kubernetes.io/name=registry-cache \
    --filter "label=app.kubernetes.io/instance=$region" "$@"
}

look() { running=$(containers); }

newline='
'
# At the last look. One that only ends its transfers doesn't count.
runs() {
  [ ! -e "$STATE/retired/$1" ] || return
  case "$newline$running" in *"$newline$1 "*) ;; *) return 1 ;; esac
}

# The Pod of the part that ran at the last look and isn't the bundle's.
other() {
  name=$(pod_of "$1")
  for pod in $(echo "$running" | sed -n "s/^\(${name%-*}-[0-9a-f]*\) .*/\1/p"); do
    [ "$pod" = "$name" ] || ! runs "$pod" || echo "$pod"
  done
}

same_files() { diff -r -x .next "$bundle/parts/$1/files" "$(files_of "$1")" >/dev/null 2>&1; }

# Beside the files that are in use; where none are, in their place, too.
propose() {
  next=$(files_of "$1")/.next
  rm -rf "$next" && mkdir -p "$next" && cp "$bundle/parts/$1/files/"* "$next/" || return
  runs "$(pod_of "$1")" || cp "$bundle/parts/$1/files/"* "$(files_of "$1")/"
}

# By the part's own program: in the running container, or in the image of one that is to take the place of a running one.
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

# All that can be known before anything changes.
prepare() {
  look
  images=$(for part in $(parts); do runs "$(pod_of "$part")" || { cat "$bundle/parts/$part/image" && echo; }; done)
  # One call, where all are there.
  # shellcheck disable=SC2086
  [ -z "$images" ] || podman image inspect --format found $images >/dev/null 2>&1 || for image in $images; do
    podman image exists "$image" || podman pull --quiet "$image" >/dev/null || fail 1 image "can't pull $image"
  done
  for part in $(parts); do
    ! { same_files "$part" && runs "$(pod_of "$part")"; } || continue
    propose "$part" || fail 1 disk "can't write the files of $part"
    said=$(accepted "$part" 2>&1) || {
      # From 125 on, podman has failed, not the program.
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

# Usage: stop POD PART. Transfers under way end first.
stop() {
  if [ -z "$UNIT" ]; then
    podman stop --time "$grace" "$1-$2"
    podman pod rm --force "$1"
  else
    systemctl stop "$UNIT$1.service"
    rm -f "$STATE/units/$1.yaml"
  fi
} >/dev/null 2>&1

# Fails where it has none.
process_of() { podman inspect --format '{{.State.Pid}}' "$1" 2>/dev/null | grep -vx 0; }

# At once. podman kills nothing that it is stopping; without root, the process is another user's.
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

# Of its name there can be what a failure has left, or what still ends its transfers.
start() {
  remove "$1"
  if same_files "$1" || { rm -rf "$(files_of "$1")" && propose "$1"; } && rm -rf "$(files_of "$1")/.next" && play "$1"; then return; fi
  remove "$1"
  return 1
}

# Each file as a whole, as prepare() has written them. Those of the bundle before are written only now.
take_files() {
  ! same_files "$1" || return 0
  next=$(files_of "$1")/.next
  diff -r "$bundle/parts/$1/files" "$next" >/dev/null 2>&1 || propose "$1" || return
  mv "$next/"* "$(files_of "$1")/" && rm -r "$next"
}

# Usage: retire POD PART. As stop, in the background.
retire() {
  mkdir -p "$STATE/retired" && : >"$STATE/retired/$1"
  if [ -n "$UNIT" ]; then
    systemctl stop --no-block "$UNIT$1.service"
    return
  fi
  # By their ids: the names can be others' by then.
  ids=$(podman inspect --format '{{.Id}} {{.Pod}}' "$1-$2")
  {
    podman stop --time "$grace" "${ids% *}"
    podman pod rm --force "${ids#* }"
  } </dev/null >/dev/null 2>&1 8>&- &
}

# The new edge waits for the port, so the listener is away for a moment only; the old one goes on with its transfers.
hand_over() {
  old=$(other edge)
  start edge || return
  for pod in $old; do retire "$pod" edge; done
}

# As soon as it answers. It may also be waiting for its upstream, so not for ever. Where its image has no wget, which podman says by 127, the edge asks.
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

# `POD/PART` of what isn't the bundle's, but for what still ends its transfers.
unwanted() {
  containers --all | while read -r pod container _; do
    grep -qx "$pod" "$bundle"/parts/*/pod || { [ -e "$STATE/retired/$pod" ] && process_of "$container" >/dev/null; } ||
      echo "$pod/${container#"$pod-"}"
  done
}

# Parts that wait for their transfers hold up no others. What is of no part any more goes first: others can be waiting for its ports.
change() {
  look
  # What is started or stopped.
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
  # nginx doesn't ask an origin again for seconds after it was away, unless it begins anew.
  [ -z "$starting" ] || [ -n "$failed" ] || podman exec "$(pod_of edge)-edge" sh -c 'kill -HUP 1'
  # Not for an edge that ends its transfers.
  for job in $gone; do wait "$job"; done
  culprit=$failed obstacle="$failed doesn't start"
  [ -z "$failed" ] || return
  [ -z "$moved" ] || for it in $(unwanted); do stop "${it%/*}" "${it#*/}"; done
}

# Usage: well POD BUNDLE. As a client sees it, whatever becomes of the certificate.
well() { podman exec "$1-edge" wget -q -T 8 -O - "$(cat "$2/health")" 2>/dev/null | grep -q '^probe_success 1'; }

# Whether each part runs what the bundle says. If not, $obstacle says why, and $culprit which doesn't.
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

# With nothing started anew since the look before: what ends at once and starts again is seen running, too.
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
