/** What the clusters of a subscription have around them: identities, and load balancers with addresses. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import type { Surroundings } from "../kubernetes/kubernetes.ts";
import { text, valueAt, valuesAt } from "../values.ts";
import { groupId } from "./account.ts";
import { accessTo, handedOn, loadBalancer, rightsOfCluster, trust } from "./aks.ts";
import { demandRanges, publicAddress } from "./network.ts";
import { managedCluster } from "./node-pools.ts";

const annotation = "service.beta.kubernetes.io/azure-";

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
      const id = `${cluster}/loadBalancers/${text("metadata.name", service)}`;
      const taken = cloud.things(loadBalancer).some(({ inputs }) => inputs.address === address.id);
      demand(!taken, "PublicIPAddressInUse", `${address.id} is already used`);
      const ranges = valuesAt("spec.loadBalancerSourceRanges[*]", service).map(String);
      demandRanges(ranges.length);
      cloud.keep({
        id,
        type: loadBalancer,
        name: text("metadata.name", service),
        scope: everywhere,
        inputs: { cluster, address: address.id, ranges, ports: valuesAt("spec.ports[*].port", service) },
        outputs: handedOn(owner.inputs),
      });
      return { id, ingress: { ip: text("ipAddress", address.outputs) } };
    },

    closeLoadBalancer(_cluster, id) {
      const found = cloud.find(loadBalancer, id, everywhere);
      if (found) cloud.remove(found);
    },
  };
}
