#!/bin/sh
# Runs Prometheus by a configuration to which its secret was added, since it takes none from elsewhere: as the last line of the last entry, where no
# disk keeps it. When configuration, rules or secret are others, Prometheus reads them again; what it can't use, it refuses, and goes on as before.
#
# Usage: prometheus.sh CONFIGURATION RULES SECRET COMPOSED PROGRAM ARGUMENT...
# SECRET is empty text where there is none. PROGRAM reads COMPOSED.
set -u
configuration=$1 rules=$2 secret=$3 composed=$4
shift 4
trap 'exit 0' TERM INT

read_files() {
  cat "$configuration" || return
  # A secret that is missing is no reason to watch nothing.
  [ ! -s "$secret" ] || printf '    %s\n' "$(cat "$secret")"
}

# Whoever sees it sees all of it.
compose() { (umask 077 && printf '%s\n' "$1" >"$composed.new" && mv "$composed.new" "$composed"); }

# As a child of Prometheus, which is process 1 by then.
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
