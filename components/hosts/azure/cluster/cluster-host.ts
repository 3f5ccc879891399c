import * as pulumi from "@pulumi/pulumi";
import type { Host, HostArgs } from "../../kind.ts";
import { workloadName } from "../../kubernetes/names.ts";
import { Workload } from "../../kubernetes/workload.ts";
import { namespace, workloadRegion } from "../../kubernetes-cluster/workload-region.ts";
import { blobService, blobStore, createBlobStore, grantBlobStore } from "../blob-store.ts";
import { createDiagnostics } from "../diagnostics.ts";
import { createPlace } from "../place.ts";
import { storeSku } from "../regions.ts";
import { createCertificates } from "./certificates.ts";
import type { ClusterFindings } from "./findings.ts";
import {
  createClusterIdentity,
  createPodIdentity,
  podIdentityAnnotations,
  podIdentityLabels,
} from "./identities.ts";
import { createKubernetesProvider } from "./kubernetes-provider.ts";
import { loadBalancerAnnotations, loadBalancerHandover } from "./load-balancer.ts";
import { createManagedCluster } from "./managed-cluster.ts";
import { createClusterNetwork } from "./network.ts";
import type { AzureClusterPlan } from "./plan.ts";

/**
 * The cache on an AKS cluster of its own, with its blobs in a storage account, in a resource group of its own. Address, records, identities and blobs outlive the
 * cluster, where another one takes its place.
 */
export class ClusterHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];

  constructor(
    name: string,
    args: HostArgs<AzureClusterPlan, ClusterFindings>,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("registry-cache:azure:ClusterHost", name, {}, options);
    const own = { parent: this };
    const { plan, found, secrets } = args;
    const { region, names } = plan;
    const { delivery, expireDays } = region.storage;

    const place = createPlace(name, plan, own);
    const network = createClusterNetwork(name, plan, place, own);
    const address = network.address.ipAddress.apply((ip) => ip ?? "");
    const { identity, rights } = createClusterIdentity(name, plan, place, own);
    const cluster = createManagedCluster(
      name,
      args,
      { place, identity, subnet: network.subnet, after: rights },
      own,
    );
    const provider = createKubernetesProvider(name, { cluster, place }, own);
    const certificates = createCertificates(name, plan, { place, cluster, provider, address }, own);
    const pods = createPodIdentity(
      name,
      { place, cluster, identityName: names.identity, serviceAccount: { namespace, name: workloadName } },
      own,
    );
    const store = createBlobStore(
      name,
      {
        place,
        account: found.storageAccount,
        sku: storeSku(region),
        expireDays,
        key: plan.governance?.storageKey,
      },
      own,
    );
    createDiagnostics(name, plan, { of: "cluster", resourceUri: cluster.id }, own);
    createDiagnostics(name, plan, { of: "blobs", resourceUri: blobService(store) }, own);
    const storeRights = grantBlobStore(name, { identity: pods.identity, store, delivery }, own);
    const workload = new Workload(
      name,
      {
        ...plan,
        secrets,
        region: workloadRegion(region, {
          store: blobStore(found.storageAccount, delivery),
          annotations: loadBalancerAnnotations(region.resourceGroup ?? names.resourceGroup, names.address),
          handover: loadBalancerHandover,
          // As the cluster's networkDataplane.
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
        dependsOn: [network.address, pods.trust, store.container, ...storeRights, ...certificates],
      },
    );

    this.address = address;
    this.ca = workload.ca;
    this.diskGiB = workload.diskGiB;
    this.bucketUrl = workload.bucketUrl;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}
