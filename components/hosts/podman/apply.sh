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
# Exit: 0 applied; 1 refused before anything changed; 2 the bundle before is back. Then the last line of standard error is `REASON: MESSAGE`.
set -u
umask 022
bundle=$1 previous=${2-}
: "${STATE:?}" "${UNIT=}" "${WELL_SECONDS:=60}"
region=$(cat "$bundle/region")

# Seconds that a stop waits for transfers to end; the containers' own limits are under it.
grace=120

# There as long as a change hasn't ended before which the cache was well, also if this script was killed meanwhile.
was_well=$STATE/was-well

fail() {
  echo "$2: $3" >&2
  exit "$1"
}

pod_of() { cat "$bundle/parts/$1/pod"; }
files_of() { echo "$STATE/files/$1-$(pod_of "$1" | sed 's/.*-//')"; }

# The edge is last: what it needs is there before.
parts() {
  ls "$bundle/parts" | grep -vx edge
  echo edge
}

# `POD CONTAINER` of each container of the region. Not by Pods, which podman locks while one of them stops.
containers() {
  podman ps --pod --format '{{.PodName}} {{.Names}}' --filter label=app.kubernetes.io/name=registry-cache \
    --filter "label=app.kubernetes.io/instance=$region" "$@"
}

look() { running=$(containers); }

# At the last look. One that only ends its transfers doesn't count.
runs() { [ ! -e "$STATE/retired/$1" ] && echo "$running" | grep -q "^$1 "; }

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
  part=$1 pod=$(pod_of "$1") old=$(other "$1")
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
  for part in $(parts); do
    image=$(cat "$bundle/parts/$part/image")
    podman image exists "$image" || podman pull --quiet "$image" >/dev/null || fail 1 image "can't pull $image"
  done
  for part in $(parts); do
    ! { same_files "$part" && runs "$(pod_of "$part")"; } || continue
    propose "$part" || fail 1 disk "can't write the files of $part"
    said=$(accepted "$part" 2>&1) || fail 1 refused "$part: $(echo "$said" | tail -n 1)"
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

# Usage: stop POD CONTAINER. Transfers under way end first.
stop() {
  if [ -z "$UNIT" ]; then
    podman stop --time "$grace" "$2"
    podman pod rm --force "$1"
  else
    systemctl stop "$UNIT$1.service"
    rm -f "$STATE/units/$1.yaml"
  fi
} >/dev/null 2>&1

# At once.
remove() {
  pod=$(pod_of "$1")
  if [ -z "$UNIT" ]; then
    podman kill "$pod-$1"
  else
    systemctl kill --signal KILL "$UNIT$pod.service"
    systemctl stop "$UNIT$pod.service"
  fi
  podman pod rm --force "$pod"
  rm -f "$STATE/retired/$pod"
} >/dev/null 2>&1

start() {
  ! podman pod exists "$(pod_of "$1")" || remove "$1"
  rm -rf "$(files_of "$1")"
  mkdir -p "$(files_of "$1")" && cp "$bundle/parts/$1/files/"* "$(files_of "$1")/" && play "$1"
}

# Each file as a whole.
take_files() {
  same_files "$1" || { propose "$1" && mv "$(files_of "$1")/.next/"* "$(files_of "$1")/" && rm -r "$(files_of "$1")/.next"; }
}

# Usage: retire POD CONTAINER. In the background, as soon as its program has ended by itself.
retire() {
  mkdir -p "$STATE/retired" && : >"$STATE/retired/$1"
  if [ -n "$UNIT" ]; then
    systemctl stop --no-block "$UNIT$1.service"
    return
  fi
  # By its id: the name can be another one's by then.
  id=$(podman inspect --format '{{.Id}}' "$2")
  {
    timeout "$grace" podman wait "$id"
    [ "$(podman inspect --format '{{.Id}}' "$2")" != "$id" ] || stop "$1" "$2"
  } </dev/null >/dev/null 2>&1 &
}

# The new edge waits for the port, so the listener is away for a moment only; the old one goes on with its transfers.
hand_over() {
  old=$(other edge)
  start edge || return
  for pod in $old; do
    podman kill --signal QUIT "$pod-edge" >/dev/null
    retire "$pod" "$pod-edge"
  done
}

# As soon as it answers; it may also be waiting for its upstream.
await_ready() {
  [ -e "$bundle/parts/$1/ready" ] || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    podman exec "$(pod_of "$1")-$1" wget -q -T 2 -O /dev/null "$(cat "$bundle/parts/$1/ready")" 2>/dev/null && return
    sleep 1
  done
}

# Parts that wait for their transfers hold up no others.
change() {
  look
  started=
  for part in $(parts); do
    if [ "$part" = edge ]; then
      wait
      for it in $started; do await_ready "$it" & done
      wait
    fi
    if runs "$(pod_of "$part")"; then
      take_files "$part" || return
    elif [ "$part" = edge ]; then
      hand_over || return
    else
      started="$started $part"
      {
        for pod in $(other "$part"); do stop "$pod" "$pod-$part"; done
        start "$part"
      } &
    fi
  done
  # nginx doesn't ask an origin again for seconds after it was away, unless it begins anew.
  [ -z "$started" ] || podman exec "$(pod_of edge)-edge" sh -c 'kill -HUP 1'
  containers --all | while read -r pod container; do
    grep -qx "$pod" "$bundle"/parts/*/pod || [ -e "$STATE/retired/$pod" ] || stop "$pod" "$container"
  done
}

# As a client sees it, whatever becomes of the certificate.
well() { podman exec "$1-edge" wget -q -T 8 -O - "$(cat "$bundle/health")" 2>/dev/null | grep -q '^probe_success 1'; }

# Whether each part runs what the bundle says. If not, $obstacle says why.
taken() {
  look
  for part in $(parts); do
    obstacle="$part doesn't run"
    runs "$(pod_of "$part")" || return
    [ -e "$bundle/parts/$part/taken" ] || continue
    obstacle="$part hasn't taken up its files"
    read -r url answer <"$bundle/parts/$part/taken"
    [ "$(podman exec "$(pod_of "$part")-$part" wget -q -T 8 -O - "$url" 2>/dev/null)" = "$answer" ] || return
  done
  obstacle="the endpoint doesn't answer"
}

becomes_well() {
  end=$(($(date +%s) + WELL_SECONDS))
  until taken && well "$(pod_of edge)"; do
    [ "$(date +%s)" -lt "$end" ] || return
    sleep 1
  done
}

tidy() {
  for directory in "$STATE"/files/*; do
    part=${directory##*/}
    part=${part%-*}
    [ -e "$bundle/parts/$part" ] && [ "$directory" = "$(files_of "$part")" ] || rm -rf "$directory"
  done
  for retired in "$STATE"/retired/* "$STATE"/units/*.yaml; do
    pod=${retired##*/}
    podman pod exists "${pod%.yaml}" || rm -f "$retired"
  done
}

prepare
for pod in $(pod_of edge) $(other edge); do
  if runs "$pod" && well "$pod"; then : >"$was_well"; fi
done
if change && { [ ! -e "$was_well" ] || becomes_well; }; then
  rm -f "$was_well"
  tidy
  exit 0
fi
reason=${obstacle:-a Pod doesn't start}
[ -n "$previous" ] || fail 2 unhealthy "$reason"
bundle=$previous
if change && becomes_well; then rm -f "$was_well"; fi
tidy
fail 2 unhealthy "$reason after $WELL_SECONDS s; what ran before is back"
