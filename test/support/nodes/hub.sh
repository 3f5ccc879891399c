#!/bin/bash
# Sets up the nodes' network in new namespaces, and runs COMMAND there. Everything ends with COMMAND: hub.sh ADDRESS COMMAND [ARGUMENT...]
set -euo pipefail
address=$1
shift
ip link set lo up
ip link add nodes type bridge
ip addr add "$address/24" dev nodes
ip link set nodes up
# Nodes reach servers on this loopback at ADDRESS.
sysctl -qw net.ipv4.conf.nodes.route_localnet=1 net.ipv4.ip_forward=1
nft -f - <<RULES
table ip hub {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "nodes" ip daddr $address dnat to 127.0.0.1
  }
}
RULES
# Not by exec, because this shell reaps processes whose parents have ended.
"$@"
