#!/bin/sh
set -eu

fail() {
  echo "$1" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || fail "run this as root"
. /etc/os-release
[ "${VERSION_CODENAME:-}" = trixie ] || fail "run this on Debian 13 (trixie), not on ${PRETTY_NAME:-another system}"
[ "$(dpkg --print-architecture)" = @ARCHITECTURE@ ] || fail "run this on an @ARCHITECTURE@ machine"
[ ! -e /etc/registry-cache ] || fail "run this on a new instance: this one is a cache"

# If this script runs as user data, it must wait until cloud-init has finished everything else. It then powers the instance off.
if grep -q '/cloud-[a-z-]*\.service' /proc/self/cgroup; then
  cp "$0" /run/base-image.sh
  exec systemd-run --quiet --no-block --unit base-image --property After=cloud-final.service \
    --property StandardOutput=journal+console --property StandardError=inherit sh /run/base-image.sh off
fi
# cloud-init may still be installing packages. Its own result doesn't matter here.
cloud-init status --wait >/dev/null || true

@INSTALL@

# Each machine must get its own identity. /etc/machine-id is empty, not missing: if it is missing, systemd treats the boot as the very first and enables all installed units: machine-id(5).
cloud-init clean --logs --seed
: >/etc/machine-id
rm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys /root/.bash_history /home/*/.bash_history /var/lib/systemd/random-seed
apt-get clean
rm -rf /var/lib/apt/lists/*
journalctl --quiet --rotate --vacuum-time=1s || true
# The next machine registers its own agent.
rm -rf /var/lib/amazon/ssm/*
find /var/log -type f -exec truncate --size 0 {} +
# On Azure: https://learn.microsoft.com/azure/virtual-machines/generalize
! command -v waagent >/dev/null || waagent -force -deprovision+user
sync
echo "An image can be made of this instance once it is off."
[ "${1:-}" != off ] || systemctl poweroff
