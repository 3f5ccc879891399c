#!/bin/sh
# Starts nginx once its configuration is valid and a certificate matches its key. Until then, the port is closed, so clients fall back immediately. When
# the configuration or the certificate changes, nginx uses it for new connections, and open transfers continue. If it is invalid, nginx keeps the old one.
# The log says so once, and the file `refused` in the cache's directory exists for as long.
#
# Usage: edge.sh NGINX_CONFIGURATION [TLS_DIRECTORY]: no directory if proxies terminate TLS
set -u
configuration=$1
tls=${2-}
trap 'exit 0' TERM INT QUIT

# Fails while a file is missing.
read_files() { cat "$configuration" ${tls:+"$tls/tls.crt" "$tls/tls.key"} 2>/dev/null; }

refused=
usable() {
  message=$(nginx -t -q -c "$configuration" -e /dev/stderr 2>&1) && return
  [ "$refused" = "$1" ] || printf '%s\n' "$message" >&2
  refused=$1
  return 1
}

# nginx's cache manager first runs before anything is counted, and then 10 s later. So this kills it after the janitor had everything counted. nginx starts
# a new one, which runs immediately: see cacheZones() in budget.ts.
renew_manager() {
  sleep 3
  for process in /proc/[0-9]*; do
    grep -q '^nginx: cache manager' "$process/cmdline" 2>/dev/null && kill "${process#/proc/}"
  done
}

# Restores nginx's process file, by which the janitor notices a start. The nginx of a previous edge shares the directory, and removes the file when it ends.
keep_pid_file() {
  if [ -e "$pid_file" ]; then
    begun=$(stat -c %Y "$pid_file")
  else
    echo 1 >"$pid_file.kept" && touch -d "@$begun" "$pid_file.kept" && mv "$pid_file.kept" "$pid_file"
  fi
}

# Reserves space, which the next start frees. On a full disk, nginx couldn't write its process file, and nothing else would make space.
keep_reserve() {
  [ -e "$reserve" ] || { head -c 1048576 /dev/zero >"$reserve"; } 2>/dev/null || rm -f "$reserve"
}

# Ends nginx if a worker was killed, so that the container restarts. The objects that the worker was filling stay locked for proxy_cache_lock_age, even after a reload.
end_without_worker() {
  while read -r alert; do
    case $alert in *" worker process "*" exited on signal "*) ;; *) continue ;; esac
    echo "a worker was killed: nginx starts again, because what it was filling stays locked" >&2
    kill -TERM 1
  done <&9
}

# Runs as a child of nginx, which is then process 1.
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

# Frees the reserve, because nginx writes its process file even to check its configuration.
begin() {
  pid_file=$(sed -n 's/^pid \(.*\);$/\1/p' "$configuration")
  reserve=${pid_file%/*}/reserve
  rm -f "$reserve"
}

until taken=$(read_files) && begin && usable "$taken"; do
  sleep 1 &
  wait $!
done
# A pipe for nginx's alerts, which are also in its log. It has no name, because two edges may share the directory.
alerts=$(mktemp -u "$pid_file.XXXXXX")
mkfifo "$alerts" && exec 9<>"$alerts" && rm "$alerts"
end_without_worker &
watch &
renew_manager &
exec nginx -c "$configuration" -e /dev/stderr -g "daemon off; error_log /dev/fd/9 alert;"
