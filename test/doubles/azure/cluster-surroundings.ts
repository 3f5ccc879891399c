/** The Azure resources around a subscription's clusters: identities, and load balancers with addresses. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import type { Surroundings } from "../kubernetes/kubernetes.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { groupId, subnetsOf, types } from "./account.ts";
import { accessTo, handedOn, loadBalancer, rightsOfCluster, trust } from "./aks.ts";
import { demandRanges, freeAddress, publicAddress } from "./network.ts";
import { managedCluster } from "./node-pools.ts";

const annotation = "service.beta.kubernetes.io/azure-";

/** The tag for everything in the network. Rule 65000 of each security group lets it in: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#allowvnetinbound */
const virtualNetwork = "VirtualNetwork";

/** A load balancer's private link service, which is deleted with it: https://cloud-provider-azure.sigs.k8s.io/topics/pls-integration/ */
function linkOf(cloud: Cloud, owner: Thing, subnet: string, annotations: Record<string, string>): Inputs {
  const value = (key: string) => annotations[`${annotation}pls-${key}`] ?? "";
  const group = groupId(value("resource-group"));
  const rights = rightsOfCluster(cloud, owner);
  demand(rights.includes(group), "AuthorizationFailed", `no right to make private link services in ${group}`);
  const own = subnet.replace(/[^/]+$/, value("ip-configuration-subnet"));
  demandSubnet(cloud, own);
  disablePolicies(cloud, own, rights);
  const [visible, approved] = ["visibility", "auto-approval"].map((key) => value(key).split(" ")) as [
    string[],
    string[],
  ];
  demand(
    approved.every((it) => visible.includes(it)),
    "InvalidAutoApproval",
    `${approved}`,
  );
  return {
    id: `${group}/providers/Microsoft.Network/privateLinkServices/${value("name")}`,
    subnet: own,
    visible,
  };
}

/**
 * Disables the policies that a private link service can't have, by an update of the subnet. It needs the right to join everything that the subnet refers to:
 * https://github.com/microsoft/tyger/pull/320
 */
function disablePolicies(cloud: Cloud, id: string, rights: readonly string[]): void {
  const [, networkId = "", name] = /^(.+)\/subnets\/([^/]+)$/.exec(id) ?? [];
  const network = cloud.find(types.virtualNetwork, networkId, everywhere);
  const subnet = network && subnetsOf(network).find((it) => it.name === name);
  if (!subnet || subnet.privateLinkServiceNetworkPolicies === "Disabled") return;
  for (const key of ["natGateway", "networkSecurityGroup", "routeTable"]) {
    const linked = text(`${key}.id`, subnet);
    const joins = linked === "" || rights.some((scope) => linked.startsWith(`${scope}/`));
    demand(joins, "LinkedAuthorizationFailed", `no right to join ${linked}`);
  }
  const changed = { ...subnet, privateLinkServiceNetworkPolicies: "Disabled" };
  const subnets = subnetsOf(network).map((it) => (it === subnet ? changed : it));
  cloud.keep({ ...network, inputs: { ...network.inputs, subnets } });
}

/** @param id of a subnet, which must be in an existing network */
function demandSubnet(cloud: Cloud, id: string): void {
  const [, network = "", name] = /^(.+)\/subnets\/([^/]+)$/.exec(id) ?? [];
  const found = cloud.find(types.virtualNetwork, network, everywhere);
  demand(found && subnetsOf(found).some((it) => it.name === name), "SubnetNotFound", id);
}

export function clusterSurroundings(cloud: Cloud): Surroundings {
  const clusterBy = (id: string): Thing => {
    const found = cloud.find(managedCluster, id, everywhere);
    demand(found, "ResourceNotFound", `The Resource '${id}' was not found.`);
    return found;
  };

  return {
    cluster(server) {
      const found = cloud.things(managedCluster).find((it) => accessTo(it).endpoint === server);
      return found && { id: found.id, certificateAuthority: accessTo(found).ca };
    },

    network(cluster) {
      const dataplane = valueAt("networkProfile.networkDataplane", clusterBy(cluster).inputs);
      return dataplane === "cilium" ? dataplane : undefined;
    },

    admitPods(cluster, namespace, { serviceAccountName }) {
      const { outputs } = clusterBy(cluster);
      const subject = `system:serviceaccount:${namespace}:${serviceAccountName}`;
      const isTrusted = cloud
        .things(trust)
        .some(
          ({ inputs }) =>
            inputs.subject === subject && inputs.issuer === valueAt("oidcIssuerProfile.issuerURL", outputs),
        );
      demand(isTrusted, "AADSTS700213", `No matching federated identity record found for ${subject}`);
    },

    /** https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/ */
    openLoadBalancer(cluster, service) {
      const owner = clusterBy(cluster);
      const annotations = (valueAt("metadata.annotations", service) ?? {}) as Record<string, string>;
      const ranges = valuesAt("spec.loadBalancerSourceRanges[*]", service).map(String);
      demandRanges(ranges.length);
      const id = `${cluster}/loadBalancers/${text("metadata.name", service)}`;
      const kept = { cluster, ranges, ports: valuesAt("spec.ports[*].port", service) };
      const keep = (inputs: Inputs) =>
        cloud.keep({
          id,
          type: loadBalancer,
          name: text("metadata.name", service),
          scope: everywhere,
          inputs,
          outputs: handedOn(owner.inputs),
        });
      if (annotations[`${annotation}load-balancer-internal`] === "true") {
        // https://learn.microsoft.com/azure/aks/internal-lb
        const [nodes = ""] = valuesAt("agentPoolProfiles[*].vnetSubnetID", owner.inputs).map(String);
        const name = annotations[`${annotation}load-balancer-internal-subnet`];
        const subnet = name === undefined ? nodes : nodes.replace(/[^/]+$/, name);
        const joins = rightsOfCluster(cloud, owner).some((scope) => `${subnet}/`.startsWith(`${scope}/`));
        demand(joins, "LinkedAuthorizationFailed", `no right to join ${subnet}`);
        demandSubnet(cloud, subnet);
        const isClosed = annotations[`${annotation}deny-all-except-load-balancer-source-ranges`] === "true";
        keep({
          ...kept,
          ranges: isClosed ? ranges : [...ranges, virtualNetwork],
          subnet,
          ...(annotations[`${annotation}pls-create`] && { link: linkOf(cloud, owner, subnet, annotations) }),
        });
        return { id, ingress: { ip: freeAddress(cloud, subnet) } };
      }
      const group = groupId(annotations[`${annotation}load-balancer-resource-group`] ?? "");
      const may = rightsOfCluster(cloud, owner).includes(group);
      demand(
        may,
        "AuthorizationFailed",
        `no right to read Microsoft.Network/publicIPAddresses over ${group}`,
      );
      const wanted = annotations[`${annotation}pip-name`];
      const address = cloud
        .things(publicAddress)
        .find(({ id, inputs }) => id.startsWith(`${group}/`) && inputs.publicIpAddressName === wanted);
      demand(address, "SyncLoadBalancerFailed", `user supplied IP Address ${wanted} was not found`);
      const taken = cloud.things(loadBalancer).some(({ inputs }) => inputs.address === address.id);
      demand(!taken, "PublicIPAddressInUse", `${address.id} is already used`);
      keep({ ...kept, address: address.id });
      return { id, ingress: { ip: text("ipAddress", address.outputs) } };
    },

    closeLoadBalancer(_cluster, id) {
      const found = cloud.find(loadBalancer, id, everywhere);
      if (found) cloud.remove(found);
    },
  };
}
