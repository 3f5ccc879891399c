import { existing, types } from "../doubles/azure/account.ts";
import { loadBalancer } from "../doubles/azure/aks.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { clusterSurroundings } from "../doubles/azure/cluster-surroundings.ts";
import { registerEncryptionAtHost } from "../doubles/azure/features.ts";
import { autoscale, managedCluster } from "../doubles/azure/node-pools.ts";
import type { Thing } from "../doubles/cloud.ts";
import { CloudError } from "../doubles/faults.ts";
import { kubernetesCloud } from "../doubles/kubernetes/kubernetes.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import type { ClusterCase } from "./cloud-cluster-case.ts";
import { exposureOf, violationsOf } from "./posture.ts";
import type { Config } from "./stack-files.ts";

export const azureCluster: ClusterCase = {
  provider: "azure",
  file: "stacks/Pulumi.azure-germanywestcentral.yaml",
  newAccount() {
    const cloud = azureCloud();
    registerEncryptionAtHost(cloud);
    return { cloud, clusters: kubernetesCloud(clusterSurroundings(cloud), cloud.operations) };
  },
  // None, because the client certificate of the cluster's own account is enough.
  programs: [],
  cluster: managedCluster,
  versionOf: ({ inputs }) => String(inputs.kubernetesVersion),
  autoscale(cloud, nodes) {
    for (const cluster of cloud.things(managedCluster)) autoscale(cloud, cluster, nodes);
  },
  earlier: {
    type: types.storageAccount,
    inputs: { sku: { name: "Standard_LRS" } },
    told: /storage\.kind: the storage account cache[0-9a-f]{19} is Standard_LRS, in one zone, and an update can't change that: `az storage account migration start /,
  },
  upgrade: ["update ManagedCluster …"],
  inPlace: [
    "create HorizontalPodAutoscaler",
    "update CiliumNetworkPolicy",
    "update Deployment",
    "update ManagedCluster",
    "update ManagementPolicy",
    "update NetworkPolicy",
    "update Service",
  ],
  beforeCluster: ["VirtualNetwork", "ResourceGroup"],
  violations: (things, region) => [
    ...violationsOf(things, exposureOf([region])),
    ...clusterViolations(things, region),
  ],

  faults: {
    "a name that is taken": {
      kind: "create",
      type: "azure-native:resources:ResourceGroup",
      error: new CloudError(
        "InvalidResourceGroupLocation",
        "The resource group already exists in location 'northeurope'.",
      ),
    },
    "a quota that is used up": {
      kind: "create",
      type: managedCluster,
      error: new CloudError(
        "ErrCode_InsufficientVCPUQuota",
        "Insufficient vcpu quota requested 8, remaining 0 for family StandardDplsv6Family.",
      ),
    },
    "a zone without machines": {
      kind: "create",
      type: "kubernetes:apps/v1:Deployment",
      error: new CloudError(
        "ProgressDeadlineExceeded",
        "Minimum number of Pods to consider the application live was not attained",
      ),
    },
  },

  mistakes: {
    "all that is wrong with the text": {
      region: {
        subscription: "mine",
        version: "36",
        storage: { kind: "disk" },
        network: { subnet: existing.subnet },
        apiAccess: [],
        replicas: { min: 3, max: 2 },
        endpoint: {
          hostname: "cache.example.com",
          zone: "example.com",
          tls: { mode: "provided", secretName: existing.certificate },
        },
      },
      told: [
        /regions\[0\]\.subscription: "mine" is not the id of a subscription/,
        /regions\[0\]\.version: "36" is not a minor version of Kubernetes: write it in quotes, like "1\.36"/,
        /regions\[0\]\.storage\.kind: must be `bucket` here/,
        /regions\[0\]\.network\.vnet: is missing/,
        /regions\[0\]\.apiAccess: /,
        /regions\[0\]\.replicas\.max: is less than `min`/,
        /regions\[0\]\.endpoint\.zoneResourceGroup: must be set together with `zone`/,
        /regions\[0\]\.endpoint\.tls\.mode: /,
      ],
    },
    "all that AKS doesn't have": {
      keys: { workload: { nodes: 4000, pullsPerNodeGiB: 20, peakMinutes: 10 } },
      region: {
        name: "germanywestcentra",
        resourceGroup: "g".repeat(64),
        access: { clients: ["203.0.113.0/24", "2001:db8::/32"] },
        apiAccess: ["2001:db8::/32"],
      },
      told: [
        /regions\[0\]\.name: "germanywestcentra" is not a region of the public Azure cloud: did you mean "germanywestcentral"\?/,
        /regions\[0\]\.resourceGroup: the resource group has a name of 64 characters, and AKS takes 63/,
        /regions\[0\]\.access\.clients\[1\]: 2001:db8::\/32 is IPv6, but clients reach a cluster only by IPv4/,
        /regions\[0\]\.apiAccess\[0\]: 2001:db8::\/32 is IPv6/,
        /regions\[0\]\.replicas\.min: the workload's peak takes at least \d+ replicas: /,
        /regions\[0\]\.storage\.scratch: for this workload, each replica keeps \d+GiB on its node, which has room for 40GiB/,
      ],
    },
    "all that isn't in the subscription": {
      region: {
        resourceGroup: "none",
        nodes: { type: "Standard_D4pls_v66" },
        network: { vnet: existing.clusterNetwork, subnet: "none" },
        endpoint: {
          hostname: "cache.example.org",
          zone: "example.org",
          zoneResourceGroup: existing.zoneResourceGroup,
          tls: { mode: "private" },
        },
      },
      told: [
        /regions\[0\]\.endpoint\.zone: the zone example\.org in dns can't be found: ResourceNotFound: /,
        /regions\[0\]\.network\.subnet: hub-germanywestcentral has no none, only caches/,
        /regions\[0\]\.nodes\.type: germanywestcentral has no Standard_D4pls_v66: did you mean "Standard_D4pls_v6"\?$/m,
        /regions\[0\]\.resourceGroup: none can't be found: ResourceNotFound: /,
      ],
    },
    "a private endpoint in a network that isn't prepared for it": {
      region: {
        network: {
          vnet: existing.clusterNetwork,
          subnet: existing.subnet,
          loadBalancerSubnet: "balancer",
        },
        endpoint: {
          hostname: `cache.${existing.privateZone}`,
          zone: existing.privateZone,
          zoneResourceGroup: existing.zoneResourceGroup,
          exposure: "private",
          tls: { mode: "private" },
        },
        access: { clients: ["10.0.0.0/8"] },
      },
      told: [
        /endpoint\.zone: the private zone corp\.example\.com isn't linked with the network/,
        /network\.subnet: has no way out, and a private endpoint's nodes no public address/,
        /network\.loadBalancerSubnet: \S+ has no balancer, only \S+/,
      ],
    },
    "a network of another region": {
      region: { network: { vnet: existing.virtualNetwork, subnet: existing.subnet } },
      told: [/regions\[0\]\.network\.vnet: is in westeurope, and the cluster in germanywestcentral/],
    },
  },

  governedNetwork: { subnetSecurityGroups: true },
  governed: {
    diskEncryptionSet: existing.encryptionSets.germanywestcentral ?? "",
    diagnostics: existing.workspace,
    storageKey: existing.storageKey,
    encryptionAtHost: true,
  },
  adopting: {
    resourceGroup: existing.resourceGroup,
    network: { vnet: existing.clusterNetwork, subnet: existing.subnet },
    endpoint: {
      hostname: `cache.${existing.zoneElsewhere.zone}`,
      ...existing.zoneElsewhere,
      tls: { mode: "acme", email: "platform@example.com" },
    },
    // Prometheus runs in the cluster: by its Pods' addresses, and by labels.
    access: { clients: ["203.0.113.0/24"], metrics: ["100.64.0.0/16", { podLabels: { app: "prometheus" } }] },
  },
  adoptedTypes: ["ResourceGroup", "VirtualNetwork"],
};

/** What is wrong with a cluster and its load balancers, apart from the general rules. */
function clusterViolations(things: readonly Thing[], region: Config): string[] {
  const same = (one: readonly unknown[], other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const clusters = things.filter(({ type }) => type === managedCluster);
  const balancers = things.filter(({ type }) => type === loadBalancer);
  return [
    ...(clusters.length === 1 && balancers.length === 1 ? [] : ["not one cluster with one load balancer"]),
    ...clusters.flatMap(({ inputs }) => [
      ...(same(valuesAt("apiServerAccessProfile.authorizedIPRanges[*]", inputs), region.apiAccess)
        ? []
        : ["the API is open to others"]),
      ...(Object.keys((inputs.addonProfiles ?? {}) as object).length === 0 ? [] : ["there are add-ons"]),
    ]),
    ...balancers.flatMap(({ inputs }) => [
      ...(same(valuesAt("ranges[*]", inputs), valueAt("access.clients", region))
        ? []
        : ["others are let in"]),
      ...(same(valuesAt("ports[*]", inputs), [443]) ? [] : ["other ports are open"]),
    ]),
  ];
}
