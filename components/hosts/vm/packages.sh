#!/bin/sh
# packages.sh NAME...: installs the Debian packages that the machine's image lacks. If none is missing, it contacts no mirror.
set -u

missing=
for package in "$@"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# The machine is useless without these packages, so failures are retried: mirrors that don't answer, and apt while another process holds its lock.
# The caller's list includes the recommended packages that podman needs here, without the other 350 MB.
export DEBIAN_FRONTEND=noninteractive
# `--force-confold` keeps configuration files that the user data has written, as cloud-init's own package installation does.
until apt-get update && apt-get -o DPkg::Lock::Timeout=300 -o DPkg::Options::=--force-confold install -y --no-install-recommends $missing; do
  echo "registry-cache: can't install$missing; next try in 10 s" >&2
  sleep 10
done
