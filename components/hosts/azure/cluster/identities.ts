import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { ofRegion } from "../../../config/per-region.ts";
import { grant, subscriptionOf } from "../identity.ts";
import type { InPlace, Place } from "../place.ts";
import { existingSubnet } from "../subnet.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** The identity with which AKS changes the network, and its rights, which must exist before the cluster. */
export interface ClusterIdentity {
  readonly identity: UserAssignedIdentity;
  readonly rights: readonly pulumi.Resource[];
}

/**
 * AKS attaches nodes and an internal load balancer to their subnets. It looks for the load balancer's address among all addresses of the resource group, so a right on the address alone isn't enough:
 * https://learn.microsoft.com/azure/aks/static-ip#create-a-service-using-the-static-ip-address
 */
export function createClusterIdentity(
  { plan: { region, names, governance }, place }: InPlace<AzureClusterPlan>,
  options: pulumi.CustomResourceOptions,
): ClusterIdentity {
  const { name, network } = region;
  const identity = new UserAssignedIdentity(
    `${name}-cluster`,
    { ...place, resourceName: names.clusterIdentity },
    options,
  );
  const subnet = existingSubnet(region);
  const encryptionSet = ofRegion(governance?.diskEncryptionSet, name);
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
      // Needed to create nodes with disks of the set: https://learn.microsoft.com/azure/aks/azure-disk-customer-managed-keys
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
  /** The identity's name in Azure. */
  readonly identityName: string;
  readonly cluster: ManagedCluster;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

export interface PodIdentity {
  readonly identity: UserAssignedIdentity;
  /** Until this exists, the Pods can't use the identity. */
  readonly trust: pulumi.Resource;
}

/**
 * Creates an identity in Azure for Pods with a service account. It needs no secret, because Azure trusts the Pods' tokens from the cluster.
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

/** AKS gives an identity to Pods with this label: https://learn.microsoft.com/azure/aks/workload-identity-overview#service-account-labels-and-annotations */
export const podIdentityLabels = { "azure.workload.identity/use": "true" } as const;

export function podIdentityAnnotations({ clientId }: UserAssignedIdentity) {
  return { "azure.workload.identity/client-id": clientId };
}
