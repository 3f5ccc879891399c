#!/bin/sh
# Runs Prometheus with a configuration that includes its secret, in a file that is never on a disk. The secret is the last line of the last entry. When
# the configuration, the rules or the secret change, Prometheus reloads them. If they are invalid, it keeps the old ones.
#
# Usage: prometheus.sh CONFIGURATION RULES SECRET COMPOSED PROGRAM ARGUMENT...
# SECRET is empty if there is none. PROGRAM reads COMPOSED.
set -u
configuration=$1 rules=$2 secret=$3 composed=$4
shift 4
trap 'exit 0' TERM INT

read_files() {
  cat "$configuration" || return
  # Without its secret, Prometheus still scrapes and alerts.
  [ ! -s "$secret" ] || printf '    %s\n' "$(cat "$secret")"
}

# Replaces the file by a rename, so that Prometheus never reads a part of it.
compose() { (umask 077 && printf '%s\n' "$1" >"$composed.new" && mv "$composed.new" "$composed"); }

# Runs as a child of Prometheus, which is then process 1.
watch() {
  while sleep 2; do
    now=$(read_files 2>/dev/null) && now_rules=$(cat "$rules" 2>/dev/null) || continue
    [ "$now$now_rules" != "$taken$taken_rules" ] || continue
    compose "$now" && kill -HUP 1 && taken=$now taken_rules=$now_rules
  done
}

until taken=$(read_files) && taken_rules=$(cat "$rules") && compose "$taken"; do
  sleep 1 &
  wait $!
done
watch &
exec "$@"
