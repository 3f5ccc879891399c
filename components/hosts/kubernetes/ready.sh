#!/bin/sh
# Whether the edge serves: it listens where clients connect, nginx answers, and there is something to serve: what the edge has stored or, for a new replica, a source.
# Once it has stored something, a replica doesn't depend on what all of them share: it serves stale content while that is away.
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
  # A source that doesn't have what is asked for is well.
  case $error in *' 404 '*) exit 0 ;; esac
done
exit 1
