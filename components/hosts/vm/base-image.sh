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

# As user data: when cloud-init is done with everything else, and then off.
if grep -q '/cloud-[a-z-]*\.service' /proc/self/cgroup; then
  cp "$0" /run/base-image.sh
  exec systemd-run --quiet --no-block --unit base-image --property After=cloud-final.service \
    --property StandardOutput=journal+console --property StandardError=inherit sh /run/base-image.sh off
fi
# It may still be installing something. What it says of its own work is no matter here.
cloud-init status --wait >/dev/null || true

@INSTALL@

# A new machine each. An empty file, as systemd would take a missing one for its first boot ever, and enable whatever is installed: machine-id(5).
cloud-init clean --logs --seed
: >/etc/machine-id
rm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys /root/.bash_history /home/*/.bash_history /var/lib/systemd/random-seed
apt-get clean
rm -rf /var/lib/apt/lists/*
journalctl --quiet --rotate --vacuum-time=1s || true
# Whose agents these are, the next machine says by itself.
rm -rf /var/lib/amazon/ssm/*
find /var/log -type f -exec truncate --size 0 {} +
# On Azure: https://learn.microsoft.com/azure/virtual-machines/generalize
! command -v waagent >/dev/null || waagent -force -deprovision+user
sync
echo "An image can be made of this instance once it is off."
[ "${1:-}" != off ] || systemctl poweroff
