#!/bin/sh
# Starts a program that the edge doesn't depend on. If the program ended within ten minutes of its start, this script waits ten minutes before it starts the program again. The container
# keeps running meanwhile, because a Pod is ready only while all its containers run: kubelet's own delay (CrashLoopBackOff) would remove the edge from its Service. Kubelet doesn't delay
# a container that has run for ten minutes: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
#
# Usage: sh -c SCRIPT NAME PROGRAM ARGUMENT...
set -u
# Seconds. `pause` is longer than `recent`, so that the container has run for more than ten minutes.
recent=600 pause=630
# In a file system in memory that exists as long as the Pod.
mark=/dev/shm/$0.started
if [ $(($(date +%s) - $(stat -c %Y "$mark" 2>/dev/null || echo 0))) -lt "$recent" ]; then
  # Some images, such as nginx's, have SIGQUIT as their STOPSIGNAL.
  trap 'exit 0' TERM INT QUIT
  echo "$0 has ended within $recent s of its start: it starts again in $pause s" >&2
  sleep "$pause" &
  wait $!
fi
touch "$mark"
# A program can delete the mark until it is usable. Then it restarts with kubelet's delay, as any other container.
export STARTED_MARK="$mark"
exec "$@"
