#!/bin/sh
# Makes the node's containerd ask the cache first while the node reaches the cache. It writes a hosts.toml for each registry, and removes these files when the node can't reach
# the cache, and when it ends. It doesn't change files that others wrote.
#
# Usage: nodes.sh REGION CACHE_URL CERTS_D [REGISTRY HOSTS_TOML]...
#   CA_CERTIFICATE    the private authority of the cache, if it has one
#   PROBER_CONFIG     configuration of the blackbox exporter, with the module `cache`
#   PROBER_ADDRESS    the address on which the exporter listens
set -u
region=$1 url=$2 directory=$3
shift 3
work=/tmp
# Number of equal results in a row before it acts; seconds between two probes; seconds until it confirms a changed result. With a timeout of 4 s, it acts after at most 15 + 4 + 3 + 4 s.
needed=2 pause=15 confirmation=3

by='its DaemonSet, which takes it away again'
mark="# registry-cache, region $region: written by $by"
ca=$directory/registry-cache/$region.crt

# TEXT: reports a changed state, in the log and for the readiness probe.
said=
say() {
  [ "$said" = "$1" ] && return
  said=$1
  echo "$said" | tee "$work/state"
}

# Whether the node reaches the cache. If not, $reason says why.
reach() {
  answer=$(wget -q -T 10 -O - "http://$PROBER_ADDRESS/probe?module=cache&debug=true&target=$url/v2/" 2>/dev/null) || answer=
  case $answer in *'probe_success 1'*) return 0 ;; esac
  reason=$(printf '%s\n' "$answer" | sed -n 's/^.* level=[A-Za-z]* .* err="\(.*\)"$/\1/p' | tail -n 1)
  status=$(printf '%s\n' "$answer" | sed -n 's/^probe_http_status_code //p')
  reason=${reason:-HTTP status ${status:-unknown}}
  return 1
}

# FILE: whether this script wrote it, for any region: a node that changed its region while it was off has files of the other region.
is_ours() {
  [ -f "$1" ] || return
  case $(head -n 1 "$1") in "# registry-cache, region "*": written by $by") ;; *) return 1 ;; esac
}

# FILE: fails and sets $why if somebody else wrote it.
is_free() {
  { [ -e "$1" ] || [ -L "$1" ]; } && ! is_ours "$1" || return 0
  why="${1#"$directory/"} isn't this DaemonSet's, and stays as it is"
  return 1
}

# COMMAND...: runs it. If it fails, fails and sets $why.
try() {
  error=$("$@" 2>&1) && return
  why=${error:-$1 fails}
  return 1
}

put() { printf '%s\n%s' "$mark" "$1" >"$2"; }

# REGISTRY HOSTS_TOML: writes the file, or fails and sets $why.
write() {
  file=$directory/$1/hosts.toml
  is_free "$file" && is_free "$directory/_default/hosts.toml" || return
  try mkdir -p "$directory/$1" && try put "$2" "$file.$region" || return
  if is_ours "$file"; then
    cmp -s "$file.$region" "$file" || try mv "$file.$region" "$file"
  else
    # Unlike a rename, a link doesn't replace a file that somebody created meanwhile.
    try ln "$file.$region" "$file" || { is_free "$file" && false; }
  fi
  written=$?
  rm -f "$file.$region"
  return $written
}

# Writes the authority, or fails and sets $why. Must run before write, because containerd pulls nothing if a hosts.toml names a missing authority.
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

# Removes the files of all regions and registries, including those of an earlier container, because none may name an authority that is removed.
leave() {
  rm -f "$work/used"
  removed=
  for file in "$directory"/*/hosts.toml; do
    is_ours "$file" || continue
    rm -f "$file" && removed=yes
    rmdir "${file%/*}" 2>/dev/null
  done
  # Waits for a pull that has just read a hosts.toml to read the authority.
  [ -z "$removed" ] || sleep 1
  rm -f "$directory"/registry-cache/*.crt "$directory"/registry-cache/*.crt.new "$directory"/*/hosts.toml."$region"
  rmdir "$directory/registry-cache" 2>/dev/null
}

# The trap doesn't call leave, because it could interrupt use.
ended=
trap 'ended=yes' TERM INT

printf '%s' "$PROBER_CONFIG" >"$work/prober.yml"
[ -z "${CA_CERTIFICATE:-}" ] || printf '%s' "$CA_CERTIFICATE" >"$work/ca.crt"
# The exporter's log, with each failed probe, is dropped. say() reports changes.
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
