#!/bin/sh
# How the program queries podman. vm.sh has the rest for a cache's own machine, and local.sh for the machine of a user.
# Settings in addition to those of registry-cache.sh: DATA, the directory of the store; STATE, where `current` links to what was applied
# shellcheck disable=SC2034
MORE_COMMANDS='  container PART        the id of a container, for podman
  pod PART              the name of the Pod of a container'

ours() { limited podman ps --filter label=app.kubernetes.io/name=registry-cache --filter "label=app.kubernetes.io/instance=$REGION" "$@"; }

# What to ask for a verdict: here, there is only one cache.
askers() { echo "$REGION"; }

# The newest container of a part. While a replaced edge finishes its transfers, there are two.
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

show_certificate() { limited cat "$DATA/tls/tls.crt"; }

mounts() { cat /proc/mounts; }

show_space() {
  disk_use
  disk_use i
  du -xsh "$DATA"/* 2>/dev/null | sort -h | tail
}

# The short digest of what was applied last: the directory of a bundle is named after its digest.
applied() {
  link=$(readlink "$STATE/current") || return
  short "${link##*/}"
}

pod_of() {
  id=$(container "$1") || return
  podman inspect --format '{{.Name}}' "$id" | sed "s/-$1\$//"
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
