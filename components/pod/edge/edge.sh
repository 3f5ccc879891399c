#!/bin/sh
# Runs nginx as soon as it can use its configuration and there is a certificate that fits its key: until then the port is closed, and clients fall back
# at once. When another configuration or certificate appears, nginx takes it up for new connections, and open transfers go on; one that it can't use
# changes nothing: the log says so once, and the file `refused` in the cache's directory as long as it is so.
#
# Usage: edge.sh NGINX_CONFIGURATION [TLS_DIRECTORY]: none where proxies end TLS
set -u
configuration=$1
tls=${2-}
trap 'exit 0' TERM INT QUIT

# Nothing while one of them is missing.
read_files() { cat "$configuration" ${tls:+"$tls/tls.crt" "$tls/tls.key"} 2>/dev/null; }

refused=
usable() {
  message=$(nginx -t -q -c "$configuration" -e /dev/stderr 2>&1) && return
  [ "$refused" = "$1" ] || printf '%s\n' "$message" >&2
  refused=$1
  return 1
}

# nginx's cache manager first looks when nothing is known yet, and then only 10 s later. A new one, which nginx starts when it is gone, looks when the
# janitor has told what there is: see cacheZones() in budget.ts.
renew_manager() {
  sleep 3
  for process in /proc/[0-9]*; do
    grep -q '^nginx: cache manager' "$process/cmdline" 2>/dev/null && kill "${process#/proc/}"
  done
}

# Another edge that takes over from this one shares the directory, and this one's nginx removes the file when it ends: the janitor knows the start by it.
keep_pid_file() {
  if [ -e "$pid_file" ]; then
    begun=$(stat -c %Y "$pid_file")
  else
    echo 1 >"$pid_file.kept" && touch -d "@$begun" "$pid_file.kept" && mv "$pid_file.kept" "$pid_file"
  fi
}

# Room that the next start gives back: on a full disk, nginx couldn't write its process file, and nothing else makes room there.
keep_reserve() {
  [ -e "$reserve" ] || { head -c 1048576 /dev/zero >"$reserve"; } 2>/dev/null || rm -f "$reserve"
}

# What a killed worker was filling stays locked for proxy_cache_lock_age, and no reload frees it: nginx ends, and its container starts again.
end_without_worker() {
  while read -r alert; do
    case $alert in *" worker process "*" exited on signal "*) ;; *) continue ;; esac
    echo "a worker was killed: nginx starts again, because what it was filling stays locked" >&2
    kill -TERM 1
  done <&9
}

# As a child of nginx, which is process 1 by then.
watch() {
  begun=$(date +%s)
  mark=${pid_file%/*}/refused
  while sleep 2; do
    keep_pid_file
    keep_reserve
    now=$(read_files) || continue
    if [ "$now" = "$taken" ]; then
      rm -f "$mark"
    elif usable "$now"; then
      kill -HUP 1 && taken=$now
    else
      touch "$mark"
    fi
  done
}

# Also to look at its configuration, nginx makes its process file.
begin() {
  pid_file=$(sed -n 's/^pid \(.*\);$/\1/p' "$configuration")
  reserve=${pid_file%/*}/reserve
  rm -f "$reserve"
}

until taken=$(read_files) && begin && usable "$taken"; do
  sleep 1 &
  wait $!
done
# A pipe for nginx's alerts, which are in its log, too. It has no name, because two edges may share the directory.
alerts=$(mktemp -u "$pid_file.XXXXXX")
mkfifo "$alerts" && exec 9<>"$alerts" && rm "$alerts"
end_without_worker &
watch &
renew_manager &
exec nginx -c "$configuration" -e /dev/stderr -g "daemon off; error_log /dev/fd/9 alert;"
