#!/bin/bash
# Runs one node until it is killed: node.sh. Its environment:
#   GROUP                         the name of its cgroups
#   DIRECTORY                     the directory of its files; etc/ has the files that its /etc has in addition to this machine's
#   NAME ADDRESS PODS             its name, its address, and the first three numbers of its Pods' addresses
#   HUB                           the address of the hub
#   IMAGES                        a directory of image archives
#   LABELS                        the labels of its Node
set -euo pipefail

if [ "${1:-}" != inside ]; then
  CONTROLLERS=
  for hierarchy in /sys/fs/cgroup/*/; do
    controller=$(basename "$hierarchy")
    # The links are other names of the same hierarchies.
    if [ -L "${hierarchy%/}" ] || [ "$controller" = unified ]; then continue; fi
    mkdir -p "$hierarchy$GROUP"
    if [ "$controller" = cpuset ]; then
      for file in cpus mems; do cat "${hierarchy}cpuset.$file" >"$hierarchy$GROUP/cpuset.$file"; done
    fi
    echo 0 >"$hierarchy$GROUP/cgroup.procs"
    CONTROLLERS="$CONTROLLERS $controller"
  done
  export CONTROLLERS
  exec 3</proc/self/ns/net
  exec unshare --net --mount --uts --ipc --cgroup --pid --propagation private --fork --kill-child --mount-proc \
    bash "$0" inside
fi

in_hub() { nsenter --net=/proc/self/fd/3 "$@"; }
start() { "$@" >>"$DIRECTORY/$(basename "$1").log" 2>&1 3<&- & }

# Gives the node its own /sys, /run, /var/lib, /var/log and /etc.
hostname "$NAME"
mkdir -p "$DIRECTORY"/{lib,log,etc,etc-work}
findmnt -rno TARGET | grep -E '^/(sys|run|var/lib|var/log)(/|$)' | tac | while read -r mount; do umount -l "$mount"; done
mount --make-rshared /
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
for controller in $CONTROLLERS; do
  mkdir "/sys/fs/cgroup/$controller"
  options=$controller
  if [ "$controller" = systemd ]; then options=none,name=systemd; fi
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$controller"
done
mount -t tmpfs -o mode=755 run /run
mkdir /run/lock
mount --make-rshared /run
mount --bind "$DIRECTORY/lib" /var/lib
mount --make-rshared /var/lib
mount --bind "$DIRECTORY/log" /var/log
mount -t overlay -o "lowerdir=/etc,upperdir=$DIRECTORY/etc,workdir=$DIRECTORY/etc-work" overlay /etc

# After a power cut, the node's old link stays for a moment.
until ip link add eth0 type veth peer name "$NAME" netns /proc/self/fd/3 2>/dev/null; do sleep 0.1; done
in_hub ip link set "$NAME" master nodes up
in_hub ip route replace "$PODS.0/24" via "$ADDRESS"
ip link set lo up
ip link set eth0 up
ip addr add "$ADDRESS/24" dev eth0
ip route add default via "$HUB"
sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1

start containerd --config "$DIRECTORY/containerd.toml"
until ctr version >/dev/null 2>&1; do sleep 0.1; done
# After a power cut, images that are already imported take no time.
for archive in "$IMAGES"/*.tar; do ctr --namespace k8s.io images import "$archive" >>"$DIRECTORY/import.log"; done
start kubelet --config="$DIRECTORY/kubelet.json" --kubeconfig="$DIRECTORY/kubeconfig" --node-ip="$ADDRESS" \
  --hostname-override="$NAME" --node-labels="$LABELS"
start kube-proxy --kubeconfig="$DIRECTORY/kubeconfig" --hostname-override="$NAME" --bind-address="$ADDRESS" \
  --proxy-mode=nftables --cluster-cidr=10.244.0.0/16 --oom-score-adj=0 --conntrack-max-per-core=0 \
  --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249
# As the first process, this shell reaps all others.
while :; do
  wait -n || true
  sleep 1
done
