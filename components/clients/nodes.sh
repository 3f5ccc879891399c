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

by='its DaemonSet, which takes it away again'
mark="# registry-cache, region $region: written by $by"
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

# Of any region: a node that changed its region while it was off has files of the other one.
is_ours() {
  [ -f "$1" ] || return
  case $(head -n 1 "$1") in "# registry-cache, region "*": written by $by") ;; *) return 1 ;; esac
}

# FILE: fails, with $why, where it is somebody else's.
is_free() {
  { [ -e "$1" ] || [ -L "$1" ]; } && ! is_ours "$1" || return 0
  why="${1#"$directory/"} isn't this DaemonSet's, and stays as it is"
  return 1
}

# COMMAND...: fails, with $why, where it does.
try() {
  error=$("$@" 2>&1) && return
  why=${error:-$1 fails}
  return 1
}

put() { printf '%s\n%s' "$mark" "$1" >"$2"; }

# REGISTRY HOSTS_TOML: fails, with $why.
write() {
  file=$directory/$1/hosts.toml
  is_free "$file" && is_free "$directory/_default/hosts.toml" || return
  try mkdir -p "$directory/$1" && try put "$2" "$file.$region" || return
  if is_ours "$file"; then
    cmp -s "$file.$region" "$file" || try mv "$file.$region" "$file"
  else
    # A link takes the place of no file that came meanwhile.
    try ln "$file.$region" "$file" || { is_free "$file" && false; }
  fi
  written=$?
  rm -f "$file.$region"
  return $written
}

# Before what names it: without it, containerd pulls nothing. Fails, with $why.
write_authority() {
  [ -n "${CA_CERTIFICATE:-}" ] || return 0
  cmp -s "$work/ca.crt" "$ca" && return
  try mkdir -p "$directory/registry-cache" && try cp "$work/ca.crt" "$ca.new" && try mv "$ca.new" "$ca"
}

use() {
  if ! write_authority; then
    leave
    say "certs.d doesn't name the cache, because the node has no place for its authority: $why"
    return
  fi
  kept=
  while [ $# -gt 0 ]; do
    write "$1" "$2" || kept="$kept, but for $1: $why"
    shift 2
  done
  if [ -z "$kept" ]; then touch "$work/used"; else rm -f "$work/used"; fi
  say "certs.d has containerd ask $url first$kept"
}

# Of all regions and registries, also what an earlier container left: none may name an authority that goes.
leave() {
  rm -f "$work/used"
  removed=
  for file in "$directory"/*/hosts.toml; do
    is_ours "$file" || continue
    rm -f "$file" && removed=yes
    rmdir "${file%/*}" 2>/dev/null
  done
  # A pull that has just read the hosts.toml reads the authority now.
  [ -z "$removed" ] || sleep 1
  rm -f "$directory"/registry-cache/*.crt "$directory"/registry-cache/*.crt.new "$directory"/*/hosts.toml."$region"
  rmdir "$directory/registry-cache" 2>/dev/null
}

# Not leave itself: a trap could run amid use.
ended=
trap 'ended=yes' TERM INT

printf '%s' "$PROBER_CONFIG" >"$work/prober.yml"
[ -z "${CA_CERTIFICATE:-}" ] || printf '%s' "$CA_CERTIFICATE" >"$work/ca.crt"
# Its log has each failed probe, and say() has what changes.
/bin/blackbox_exporter --config.file="$work/prober.yml" --web.listen-address="$PROBER_ADDRESS" >/dev/null 2>&1 &
prober=$!
must_run() {
  kill -0 "$prober" && return
  leave
  say "the blackbox exporter has ended: does something else listen on $PROBER_ADDRESS of this node?"
  exit 1
}
leave
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
    leave
    say "certs.d has no file of this DaemonSet's: $url can't be reached: $reason"
  fi
  if [ $((reached + missed)) -lt "$needed" ]; then sleep "$confirmation" & else sleep "$pause" & fi
  [ -n "$ended" ] || wait $!
done
leave
