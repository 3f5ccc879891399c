#!/bin/sh
# Runs nginx as soon as there is a certificate that fits its key: until then the port is closed, and clients fall back at once. When another
# certificate appears, nginx takes it up for new connections, and open transfers go on; one that it can't use changes nothing.
#
# Usage: edge.sh NGINX_CONFIGURATION [TLS_DIRECTORY]: none where proxies end TLS
set -u
configuration=$1
certificate=${2+$2/tls.crt}
trap 'exit 0' TERM INT QUIT

fingerprint() { sha256sum <"$certificate"; }

usable() { nginx -t -q -c "$configuration" -e /dev/stderr; }

# nginx's cache manager first looks when nothing is known yet, and then only 10 s later. A new one, which nginx starts when it is gone, looks when the
# janitor has told what there is: see cacheZones() in budget.ts.
renew_manager() {
  sleep 3
  for process in /proc/[0-9]*; do
    grep -q '^nginx: cache manager' "$process/cmdline" 2>/dev/null && kill "${process#/proc/}"
  done
}

# As a child of nginx, which is process 1 by then.
watch() {
  taken=$1
  while sleep 10; do
    now=$(fingerprint 2>/dev/null) || continue
    [ "$now" = "$taken" ] || { usable && kill -HUP 1 && taken=$now; }
  done
}

if [ -n "$certificate" ]; then
  until now=$(fingerprint 2>/dev/null) && usable; do
    sleep 1 &
    wait $!
  done
  watch "$now" &
fi
renew_manager &
exec nginx -c "$configuration" -e /dev/stderr -g "daemon off;"
