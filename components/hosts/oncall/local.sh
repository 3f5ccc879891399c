#!/bin/sh
# What the program does on a machine of the user's own, without root.

become_ready() { :; }

is_stopped() { false; }

# Usage: pods OPTION…
pods() { podman pod ps --filter label=app.kubernetes.io/name=registry-cache --filter "label=app.kubernetes.io/instance=$REGION" "$@"; }

show_startup() { pods; }

disk_use() { limited df "-P${1-h}" "$DATA"; }

configuration() {
  digest=$(applied)
  echo "applied ${digest:-none}"
}

# Usage: restart_pods POD…
# podman stops a Pod after its only container has ended. The container's monitor does that, possibly after the Pod has been started again. So wait until the monitor ends.
restart_pods() {
  monitors=$(for pod; do podman ps --quiet --filter "pod=$pod"; done | xargs -r podman inspect --format '{{.State.ConmonPid}}' | grep -vx 0)
  podman pod stop "$@" || return
  for monitor in $monitors; do
    while kill -0 "$monitor" 2>/dev/null; do sleep 0.2; done
  done
  podman pod start "$@"
}

restart_all() {
  # shellcheck disable=SC2046
  set -- $(pods --quiet)
  [ $# -gt 0 ] || fail "there is no Pod of $REGION on this machine"
  restart_pods "$@"
}

restart_part() {
  pod=$(pod_of "$1") || return
  restart_pods "$pod"
}
