#!/bin/sh
# Lets the containerd of the node on which it runs ask the cache first, as long as the node reaches the cache. It writes a hosts.toml per registry, and takes it away when the
# cache can't be reached, and at its own end. It changes no file that somebody else wrote.
#
# Usage: nodes.sh REGION CACHE_URL CERTS_D [REGISTRY HOSTS_TOML]...
#   CA_CERTIFICATE    the authority of the cache, where it isn't a public one
#   PROBER_CONFIG     configuration of the blackbox exporter, with the module `cache`
#   PROBER_ADDRESS    where it is to listen
set -u
region=$1 url=$2 directory=$3
shift 3
work=/tmp
# After as many answers of a kind in a row, the first of them confirmed soon: at most 15 + 4 + 3 + 4 s, with a timeout of 4 s.
needed=2 pause=15 confirmation=3

mark="# registry-cache, region $region: written by its DaemonSet, which takes it away again"
ca=$directory/registry-cache/$region.crt

# What changes, for the log and for the readiness probe.
said=
say() {
  [ "$said" = "$1" ] && return
  said=$1
  echo "$said" | tee "$work/state"
}

# Whether the node reaches the cache; $reason says why not.
reach() {
  answer=$(wget -q -T 10 -O - "http://$PROBER_ADDRESS/probe?module=cache&debug=true&target=$url/v2/" 2>/dev/null) || answer=
  case $answer in *'probe_success 1'*) return 0 ;; esac
  reason=$(printf '%s\n' "$answer" | sed -n 's/^.* level=[A-Za-z]* .* err="\(.*\)"$/\1/p' | tail -n 1)
  status=$(printf '%s\n' "$answer" | sed -n 's/^probe_http_status_code //p')
  reason=${reason:-HTTP status ${status:-unknown}}
  return 1
}

is_ours() { [ -f "$1" ] && [ "$(head -n 1 "$1")" = "$mark" ]; }

# REGISTRY HOSTS_TOML: fails, with $others, where somebody else's file says what to ask.
write() {
  file=$directory/$1/hosts.toml
  for others in "$file" "$directory/_default/hosts.toml"; do
    { [ -e "$others" ] || [ -L "$others" ]; } && ! is_ours "$others" && return 1
  done
  mkdir -p "$directory/$1"
  printf '%s\n%s' "$mark" "$2" >"$file.$region"
  # A link takes the place of no file that came meanwhile.
  others=$file
  if is_ours "$file"; then
    cmp -s "$file.$region" "$file" || mv "$file.$region" "$file"
  else
    ln "$file.$region" "$file" || { rm -f "$file.$region"; return 1; }
  fi
  rm -f "$file.$region"
}

use() {
  kept=
  if [ -n "${CA_CERTIFICATE:-}" ]; then
    # Before what names it: without it, containerd pulls nothing.
    mkdir -p "$directory/registry-cache"
    cmp -s "$work/ca.crt" "$ca" || { cp "$work/ca.crt" "$ca.new" && mv "$ca.new" "$ca"; }
  fi
  while [ $# -gt 0 ]; do
    write "$1" "$2" || kept="$kept, but for $1: ${others#"$directory/"} isn't this DaemonSet's, and stays as it is"
    shift 2
  done
  if [ -z "$kept" ]; then touch "$work/used"; else rm -f "$work/used"; fi
  say "containerd asks $url first$kept"
}

leave() {
  rm -f "$work/used"
  removed=
  while [ $# -gt 0 ]; do
    file=$directory/$1/hosts.toml
    if is_ours "$file"; then rm -f "$file" && removed=yes; fi
    rm -f "$file.$region"
    rmdir "$directory/$1" 2>/dev/null
    shift 2
  done
  # A pull that has just read the hosts.toml reads the authority now.
  [ -z "$removed" ] || sleep 1
  rm -f "$ca" "$ca.new"
  rmdir "$directory/registry-cache" 2>/dev/null
}

# Not leave itself: where a trap runs, "$@" may be a function's.
ended=
trap 'ended=yes' TERM INT

printf '%s' "$PROBER_CONFIG" >"$work/prober.yml"
[ -z "${CA_CERTIFICATE:-}" ] || printf '%s' "$CA_CERTIFICATE" >"$work/ca.crt"
# Its log has each failed probe, and say() has what changes.
/bin/blackbox_exporter --config.file="$work/prober.yml" --web.listen-address="$PROBER_ADDRESS" >/dev/null 2>&1 &
prober=$!
must_run() {
  kill -0 "$prober" && return
  say "the blackbox exporter has ended: does something else listen on $PROBER_ADDRESS of this node?"
  exit 1
}
say "$url hasn't been asked yet"
until wget -q -T 2 -O /dev/null "http://$PROBER_ADDRESS/-/healthy" 2>/dev/null; do
  must_run
  sleep 1
done

reached=0 missed=0
while [ -z "$ended" ]; do
  must_run
  if reach; then reached=$((reached + 1)) missed=0; else missed=$((missed + 1)) reached=0; fi
  if [ "$reached" -ge "$needed" ]; then use "$@"; fi
  if [ "$missed" -ge "$needed" ]; then
    leave "$@"
    say "containerd asks the registries themselves: $url can't be reached: $reason"
  fi
  if [ $((reached + missed)) -lt "$needed" ]; then sleep "$confirmation" & else sleep "$pause" & fi
  [ -n "$ended" ] || wait $!
done
leave "$@"
