#!/bin/sh
# What the program asks podman and systemd: on a machine of its own (HOST=vm), or as a user of this one (HOST=local).
# Settings besides those of registry-cache.sh: HOST; DATA, the directory of the store; STATE, where `current` links to what was applied
# shellcheck disable=SC2034
MORE_COMMANDS='  container PART        the id of a container, for podman
  pod PART              the name of the Pod of a container'

is_vm() { [ "$HOST" = vm ]; }

# Nobody but root sees the containers of a machine.
become_ready() {
  if is_vm && [ "$(id -u)" -ne 0 ]; then exec sudo -- "$0" "$@"; fi
}

ours() { limited podman ps --filter label=app.kubernetes.io/name=registry-cache --filter "label=app.kubernetes.io/instance=$REGION" "$@"; }

# Which to ask for a verdict: here, there is one.
askers() { echo "$REGION"; }

# While an edge that was replaced ends its transfers, there are two: the newer one.
container() {
  ours --all --quiet --sort created --filter "label=app.kubernetes.io/component=$1" | tail -n 1 | grep . || fail "there is no container $1"
}

# Usage: in_part PART COMMAND…
in_part() {
  id=$(container "$1") || return
  shift
  limited podman exec "$id" "$@"
}

part_names() { ours --all --format '{{index .Labels "app.kubernetes.io/component"}}' | sort -u; }

# A line for each container: `edge Up 2 hours`.
states() {
  lines=$(ours --all --format '{{index .Labels "app.kubernetes.io/component"}} {{.Status}}') || return
  [ -z "$lines" ] || printf '%s\n' "$lines" | sort
}

# While the containers of a stopped cache end, podman can be silent for minutes: systemd knows.
is_stopped() { is_vm && [ "$(systemctl is-active registry-cache 2>/dev/null)" = inactive ]; }

part_details() {
  ids=$(ours --all --quiet) && [ -n "$ids" ] || fail 'there are no containers: `registry-cache startup` says what came before them'
  # shellcheck disable=SC2086
  podman inspect --format '{{index .Config.Labels "app.kubernetes.io/component"}}: {{.State.Status}} since {{if .State.Running}}{{.State.StartedAt}}{{else}}{{.State.FinishedAt}}{{end}}, {{.RestartCount}} restarts, exit code {{.State.ExitCode}}, killed for memory: {{.State.OOMKilled}} ({{.Name}})' $ids
}

show_logs() {
  part=$1
  shift
  id=$(container "$part") || return
  podman logs "$@" "$id" 2>&1
}

show_firing() { ask_firing; }

show_startup() {
  if ! is_vm; then
    podman pod ps --filter label=app.kubernetes.io/name=registry-cache --filter "label=app.kubernetes.io/instance=$REGION"
    return
  fi
  systemctl status --no-pager registry-cache 'registry-cache@*' registry-cache-follow registry-cache-disk
  grep -s . /run/registry-cache/failure
  journalctl --no-pager -u registry-cache -u 'registry-cache@*' -u registry-cache-follow --since -1h
}

show_certificate() { limited cat "$DATA/tls/tls.crt"; }

disk_use() {
  if is_vm; then limited df -Ph "$DATA" /; else limited df -Ph "$DATA"; fi
}

show_space() {
  disk_use
  du -xsh "$DATA"/* 2>/dev/null | sort -h | tail
}

# What a change has left: the names of a Pod's directories are digests.
configuration() {
  applied=$(readlink "$STATE/current") || applied=
  applied=$(short "${applied##*/}")
  if is_vm; then
    wanted=$(short "$(cat /run/registry-cache/wanted 2>/dev/null)")
    echo "wanted ${wanted:-not known}, applied ${applied:-none}${applied:+ on $(date -u -d "@$(stat -c %Y "$STATE/current")" '+%Y-%m-%d %H:%M UTC')}"
    sed 's/^\([a-z]*\) \([^ ]*\) /failed: \1, \2: /' /run/registry-cache/failure 2>/dev/null
  else
    echo "applied ${applied:-none}"
  fi
}

pod_of() {
  id=$(container "$1") || return
  podman inspect --format '{{.Name}}' "$id" | sed "s/-$1\$//"
}

# Usage: restart_pods POD…
# podman stops a Pod whose only container has ended. The container's monitor sees to that, perhaps only when the Pod has been started again: so wait for its end.
restart_pods() {
  monitors=$(for pod; do podman ps --quiet --filter "pod=$pod"; done | xargs -r podman inspect --format '{{.State.ConmonPid}}' | grep -vx 0)
  podman pod stop "$@" || return
  for monitor in $monitors; do
    while kill -0 "$monitor" 2>/dev/null; do sleep 0.2; done
  done
  podman pod start "$@"
}

restart_all() {
  if is_vm; then
    systemctl restart registry-cache
  else
    # shellcheck disable=SC2046
    set -- $(podman pod ps --quiet --filter label=app.kubernetes.io/name=registry-cache --filter "label=app.kubernetes.io/instance=$REGION")
    [ $# -gt 0 ] || fail "there is no Pod of $REGION on this machine"
    restart_pods "$@"
  fi
}

restart_part() {
  pod=$(pod_of "$1") || return
  if is_vm; then
    systemctl restart "registry-cache@$pod.service"
  else
    restart_pods "$pod"
  fi
}

more() {
  case $1 in
  container)
    part_argument "$@"
    container "$2"
    ;;
  pod)
    part_argument "$@"
    pod_of "$2"
    ;;
  *) return 64 ;;
  esac
}
