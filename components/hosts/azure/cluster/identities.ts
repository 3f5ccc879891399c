import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { ofRegion } from "../../../config/per-region.ts";
import { grant, subscriptionOf } from "../identity.ts";
import type { Place } from "../place.ts";
import { existingSubnet } from "../subnet.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** Who AKS is when it works on the network, and the rights for it, which must be there before the cluster. */
export interface ClusterIdentity {
  readonly identity: UserAssignedIdentity;
  readonly rights: readonly pulumi.Resource[];
}

/**
 * AKS joins nodes and an internal load balancer to their subnets, and looks for the load balancer's address among all of the resource group, for which a right on the address alone is not enough:
 * https://learn.microsoft.com/azure/aks/static-ip#create-a-service-using-the-static-ip-address
 */
export function createClusterIdentity(
  name: string,
  { region, names, governance }: AzureClusterPlan,
  place: Place,
  options: pulumi.CustomResourceOptions,
): ClusterIdentity {
  const identity = new UserAssignedIdentity(
    `${name}-cluster`,
    { ...place, resourceName: names.clusterIdentity },
    options,
  );
  const { network } = region;
  const subnet = existingSubnet(region);
  const encryptionSet = ofRegion(governance?.diskEncryptionSet, region.name);
  const right = (suffix: string, scope: pulumi.Input<string>) =>
    grant(`${name}-${suffix}`, { identity, role: "networkContributor", scope }, options);
  const group = pulumi
    .all([identity.id, place.resourceGroupName])
    .apply(([id, groupName]) => `/subscriptions/${subscriptionOf(id)}/resourceGroups/${groupName}`);
  return {
    identity,
    rights: [
      right("network", group),
      ...(subnet === undefined ? [] : [right("subnet", subnet)]),
      ...("subnet" in network && network.loadBalancerSubnet !== undefined
        ? [right("load-balancer-subnet", `${network.vnet}/subnets/${network.loadBalancerSubnet}`)]
        : []),
      // To make nodes with disks of the set: https://learn.microsoft.com/azure/aks/azure-disk-customer-managed-keys
      ...(encryptionSet === undefined
        ? []
        : [
            grant(`${name}-disk-encryption-set`, { identity, role: "reader", scope: encryptionSet }, options),
          ]),
    ],
  };
}

export interface PodIdentityArgs {
  readonly place: Place;
  /** In Azure. */
  readonly identityName: string;
  readonly cluster: ManagedCluster;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

export interface PodIdentity {
  readonly identity: UserAssignedIdentity;
  /** Without it, the identity isn't that of the Pods. */
  readonly trust: pulumi.Resource;
}

/**
 * Who Pods with a service account are in Azure, without a secret: their tokens of the cluster are taken for the identity's.
 * https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
export function createPodIdentity(
  name: string,
  { place, identityName, cluster, serviceAccount }: PodIdentityArgs,
  options: pulumi.CustomResourceOptions,
): PodIdentity {
  const identity = new UserAssignedIdentity(name, { ...place, resourceName: identityName }, options);
  const trust = new FederatedIdentityCredential(
    name,
    {
      resourceGroupName: place.resourceGroupName,
      resourceName: identity.name,
      federatedIdentityCredentialResourceName: "cluster",
      issuer: cluster.oidcIssuerProfile.apply((profile) => profile?.issuerURL ?? ""),
      subject: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
      audiences: ["api://AzureADTokenExchange"],
    },
    { ...options, deletedWith: identity },
  );
  return { identity, trust };
}

/** What AKS looks for to give a Pod its identity: https://learn.microsoft.com/azure/aks/workload-identity-overview#service-account-labels-and-annotations */
export const podIdentityLabels = { "azure.workload.identity/use": "true" } as const;

export function podIdentityAnnotations({ clientId }: UserAssignedIdentity) {
  return { "azure.workload.identity/client-id": clientId };
}
