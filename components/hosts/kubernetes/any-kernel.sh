#!/bin/sh
# Runs the edge. If the node's kernel has no IPv6, nginx can't listen on IPv6 addresses and doesn't start. Then it gets a
# copy of its configuration without these addresses. The copy is updated when the file changes.
#
# Usage: sh -c SCRIPT NAME sh EDGE.SH NGINX_CONFIGURATION [TLS_DIRECTORY]
set -u
[ ! -e /proc/net/if_inet6 ] || exec "$@"
edge=$2 configuration=$3
# In a file system in memory that exists as long as the Pod.
copy=/dev/shm/$0.conf
shift 3
follow() { sed '/^ *listen \[::\]/d' "$configuration" >"$copy.new" && mv "$copy.new" "$copy"; }
follow
while sleep 2; do follow; done &
exec sh "$edge" "$copy" "$@"
