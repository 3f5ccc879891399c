#!/bin/sh
# What the program does on a cache's own machine, where systemd starts the Pods.

# Only root can see the machine's containers.
become_ready() { [ "$(id -u)" -eq 0 ] || exec sudo -- "$0" "$@"; }

# While the containers of a stopped cache end, podman may not answer for minutes, so ask systemd.
is_stopped() { [ "$(systemctl is-active registry-cache 2>/dev/null)" = inactive ]; }

show_startup() {
  systemctl status --no-pager registry-cache 'registry-cache@*' registry-cache-follow registry-cache-disk
  grep -s . /run/registry-cache/failure
  journalctl --no-pager -u registry-cache -u 'registry-cache@*' -u registry-cache-follow --since -1h
}

disk_use() { limited df "-P${1-h}" "$DATA" /; }

# The wanted and the applied Pod, and the last failure.
configuration() {
  digest=$(applied)
  wanted=$(short "$(cat /run/registry-cache/wanted 2>/dev/null)")
  echo "wanted ${wanted:-not known}, applied ${digest:-none}${digest:+ on $(date -u -d "@$(stat -c %Y "$STATE/current")" '+%Y-%m-%d %H:%M UTC')}"
  sed 's/^\([a-z]*\) \([^ ]*\) /failed: \1, \2: /' /run/registry-cache/failure 2>/dev/null
}

restart_all() { systemctl restart registry-cache; }

restart_part() {
  pod=$(pod_of "$1") || return
  systemctl restart "registry-cache@$pod.service"
}
