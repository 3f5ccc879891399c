#!/bin/sh
# Starts a program of which the edge is independent. One that ended within ten minutes of its start is started again ten minutes later, and the container runs meanwhile: a
# Pod is ready only when all its containers run, so kubelet's own wait between two starts (CrashLoopBackOff) would take the edge out of its Service. Kubelet doesn't wait
# when the container has run for ten minutes: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
#
# Usage: sh -c SCRIPT NAME PROGRAM ARGUMENT...
set -u
# Seconds. The second is longer, so that the container has run for more than the first.
recent=600 pause=630
# In a file system in memory that lasts as long as the Pod.
mark=/dev/shm/$0.started
if [ $(($(date +%s) - $(stat -c %Y "$mark" 2>/dev/null || echo 0))) -lt "$recent" ]; then
  echo "$0 has ended within $recent s of its start: it starts again in $pause s" >&2
  # Some images have SIGQUIT for their STOPSIGNAL, as nginx's has.
  trap 'exit 0' TERM INT QUIT
  sleep "$pause" &
  wait $!
fi
touch "$mark"
# A program that deletes it, until it can be used, waits as any other container.
export STARTED_MARK="$mark"
exec "$@"
