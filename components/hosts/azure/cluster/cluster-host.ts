import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../kind.ts";
import { workloadName } from "../../kubernetes/names.ts";
import { Workload } from "../../kubernetes/workload.ts";
import { namespace, workloadRegion } from "../../kubernetes-cluster/workload-region.ts";
import { createBlobStore } from "../blob-store.ts";
import { createDiagnostics } from "../governance.ts";
import { subscriptionOf } from "../identity.ts";
import { createPlace } from "../place.ts";
import { withConsumers } from "../private-link.ts";
import { createAddressRecord, inZones } from "../records.ts";
import { createCertificates } from "./certificates.ts";
import type { ClusterArgs } from "./findings.ts";
import {
  createClusterIdentity,
  createPodIdentity,
  podIdentityAnnotations,
  podIdentityLabels,
} from "./identities.ts";
import { createKubernetesProvider } from "./kubernetes-provider.ts";
import { loadBalancerAnnotations, loadBalancerHandover, placingAnnotations } from "./load-balancer.ts";
import { createManagedCluster } from "./managed-cluster.ts";
import { createClusterNetwork } from "./network.ts";
import type { AzureClusterPlan } from "./plan.ts";

/**
 * The cache on its own AKS cluster, with its blobs in a storage account, in its own resource group. Address, records, identities and blobs outlive the
 * cluster if it is replaced.
 */
export class ClusterHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];
  readonly privateLink: Host["privateLink"];

  constructor(name: string, given: ClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:azure:ClusterHost", name, {}, options);
    const own = { parent: this };
    const { plan, found, secrets } = given;
    const { region, names } = plan;

    const place = createPlace(plan, own);
    const args = { ...given, place };
    const network = createClusterNetwork(args, own);
    const cluster = createManagedCluster(args, createClusterIdentity(args, own), network, own);
    const provider = createKubernetesProvider(args, cluster, own);
    const zoneOptions = inZones(region, own);
    const certificates = createCertificates(args, cluster, provider, zoneOptions, own);
    const createRecord = (address: pulumi.Output<string>) =>
      createAddressRecord(args, { address, subnet: network.subnet }, zoneOptions.own);
    const publicAddress = network.address?.ipAddress.apply((ip) => ip ?? "");
    const records = publicAddress ? createRecord(publicAddress) : [];
    const pods = createPodIdentity(
      name,
      { place, cluster, identityName: names.identity, serviceAccount: { namespace, name: workloadName } },
      own,
    );
    const { storageAccount: account } = found;
    const blobs = createBlobStore(
      args,
      { ...region.storage, account, sku: found.storeSku, identity: pods.identity },
      own,
    );
    createDiagnostics(plan, "cluster", cluster.id, own);
    const clients = withConsumers(region, found.subnet);
    const admitted = { ...region, access: { ...region.access, clients } };
    const workload = new Workload(
      name,
      {
        ...plan,
        secrets,
        placingAnnotations,
        region: workloadRegion(admitted, {
          store: blobs.store,
          annotations: loadBalancerAnnotations(plan),
          handover: loadBalancerHandover,
          // Must match the cluster's networkDataplane.
          networkPolicies: "cilium",
        }),
        serviceAccount: {
          annotations: podIdentityAnnotations(pods.identity),
          podLabels: podIdentityLabels,
        },
      },
      {
        parent: this,
        provider,
        dependsOn: [
          ...(network.address ? [network.address] : []),
          pods.trust,
          blobs.container,
          ...blobs.rights,
          ...records,
          ...certificates,
        ],
      },
    );

    if (!publicAddress) createRecord(workload.address);

    this.address = publicAddress ?? workload.address;
    this.ca = workload.ca;
    this.diskGiB = workload.diskGiB;
    this.bucketUrl = workload.bucketUrl;
    this.privateLink = region.endpoint.privateLink && linkService(plan, cluster, workload);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** Resource id of the private link service. AKS has created the service when the workload is complete. */
function linkService(
  { region: { resourceGroup }, names }: AzureClusterPlan,
  { id }: ManagedCluster,
  { address }: Workload,
): pulumi.Output<string> {
  const group = resourceGroup ?? names.resourceGroup;
  return pulumi
    .all([id, address])
    .apply(
      ([cluster]) =>
        `/subscriptions/${subscriptionOf(cluster)}/resourceGroups/${group}/providers/Microsoft.Network/privateLinkServices/${names.privateLink}`,
    );
}
