#!/bin/sh
# Whether the edge can serve: it listens on the clients' port, nginx answers, and there is something to serve: stored content or, for a new replica, a source that works.
# A replica with stored content doesn't depend on the sources that all replicas share: it serves stale content while they are down.
#
# Usage: ready.sh PORT STATUS_URL CACHE_DIRECTORY SOURCE_URL...
set -u
port=$1 status=$2 cache=$3
shift 3

# 0A is LISTEN: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
grep -qs ":$(printf %04X "$port") [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6 || exit 1
wget -q -T 2 -O /dev/null "$status/healthz" || exit 1
# A cached object's name is the MD5 sum of its key.
find "$cache/blobs" "$cache/manifests" -type f -name '????????????????????????????????' 2>/dev/null | grep -q . && exit 0
for source; do
  error=$(wget -q -T 3 -O /dev/null "$source" 2>&1) && exit 0
  # A source that answers 404 works.
  case $error in *' 404 '*) exit 0 ;; esac
done
exit 1
