#!/bin/sh
# packages.sh NAME...: installs Debian packages that the machine's image hasn't got. Where it has all, no mirror is asked.
set -u

missing=
for package in "$@"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# Without them the machine is of no use: a mirror without an answer is asked again, and so is apt while something else holds its lists.
# The caller's list has what is needed of what podman recommends, without the 350 MB of the rest.
export DEBIAN_FRONTEND=noninteractive
# Files that the user data has written stay, as with cloud-init's own way to install.
until apt-get update && apt-get -o DPkg::Lock::Timeout=300 -o DPkg::Options::=--force-confold install -y --no-install-recommends $missing; do
  echo "registry-cache: can't install$missing; next try in 10 s" >&2
  sleep 10
done
