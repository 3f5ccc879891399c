import { z } from "zod";
import { awsAccess, azureAccess, clusterAccess, localAccess } from "./access.ts";
import { addressRange } from "./addresses.ts";
import { expose, operator, replicas, scheduling, serviceAccount } from "./cluster.ts";
import {
  azureClusterEndpoint,
  azureEndpoint,
  cloudEndpoint,
  clusterEndpoint,
  kubernetesEndpoint,
  localEndpoint,
} from "./endpoint.ts";
import { awsNetwork, azureClusterNetwork, azureNetwork, clusterSubnets } from "./network.ts";
import { internalPort } from "./ports.ts";
import { cloudStorage, clusterBucket, disk, kubernetesStorage } from "./storage.ts";
import {
  absolutePath,
  matching,
  portNumber,
  resourceGroup,
  shortName,
  subscriptionId,
  wholeNumber,
} from "./text.ts";
import { workloadNamespace } from "./workload-namespace.ts";
import { pods } from "./workload-pods.ts";

/**
 * containerd makes 7 sequential requests for an image of 10 layers. If each of them times out, the delay must stay below 3 s. The timeout must also exceed 300 ms:
 * after that time, containerd tries IPv4 if IPv6 doesn't answer.
 */
export const defaultDialTimeoutMilliseconds = 350;

/** The keys that every region has. They reach the Pod unchanged. */
const anywhere = {
  freshnessSeconds: wholeNumber(2, 3600)
    .default(60)
    .describe("How old the cache's answer for a tag may be, in seconds. Digests never change."),
};

const dialTimeoutMilliseconds = wholeNumber(50, 30_000)
  .default(defaultDialTimeoutMilliseconds)
  .describe(
    "Milliseconds for which containerd 2.1 and later wait for a connection to the cache, including the look-up of its name, before they go to the registry: `dial_timeout` of the output `clients`. Earlier versions wait 30 s. While packets to the cache are dropped, each request costs this time.",
  );

/** The keys that say how clients reach a region. Every region has them. */
function reached<Endpoint extends z.ZodType, Access extends z.ZodType>(endpoint: Endpoint, access: Access) {
  return {
    endpoint: endpoint.describe("Where clients reach the cache."),
    access,
    dialTimeoutMilliseconds,
    ...anywhere,
  };
}

const storageMeaning = "The primary store of blobs.";
const topologyMeaning = "`vm`: the Pod on one machine. `cluster`: the Pod as a workload on Kubernetes.";
const vm = z.literal("vm").describe(topologyMeaning);
const cluster = z.literal("cluster").describe(topologyMeaning);

export const localRegion = z.strictObject({
  name: shortName.describe("Name of the region, part of all its resources' names."),
  topology: vm.default("vm"),
  storage: disk().prefault({ kind: "disk" }).describe(storageMeaning),
  ...reached(localEndpoint.prefault({}), localAccess.prefault({})),
  dataDir: absolutePath
    .exactOptional()
    .describe(
      "Directory of the cache's data, an absolute path. Default: `registry-cache/<name>` under `$XDG_DATA_HOME` or `~/.local/share`.",
    ),
  internalPort: portNumber
    .default(internalPort)
    .describe("First of the Pod's loopback ports: ten, and two per upstream."),
});

/** @param image the schema of the cloud's image references */
function machine(image: z.ZodType<string>) {
  return z
    .strictObject({
      type: z
        .string()
        .min(1)
        .default("auto")
        .describe(
          "The cloud's name of the machine type or size. `auto`: the smallest that sustains the workload.",
        ),
      architecture: z
        .enum(["arm64", "amd64"])
        .exactOptional()
        .describe("Processor architecture. Default: that of `type`, and `arm64` for `auto`."),
      image: image.exactOptional(),
    })
    .prefault({})
    .describe("The virtual machine.");
}

/** The common part of the images' descriptions. Only a change of the configuration changes the image: see components/hosts/vm/image.ts. */
const imageMeaning = "with Debian 13 for the machine's architecture. Another one replaces the machine.";

const awsMachine = machine(
  matching(/^ami-[0-9a-f]{8,17}$/, "the id of an AMI, like ami-0123456789abcdef0").describe(
    `Id of an AMI of the region, ${imageMeaning} Default: Debian's newest when the cache is made, then the same.`,
  ),
);

const azureMachine = machine(
  matching(
    /^(?:0\.\d{8}\.\d{1,5}|\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.Compute\/galleries\/[^/\s]+\/images\/[^/\s]+\/versions\/[^/\s]+)$/i,
    "a version of Debian's image, like 0.20260914.2601, or the resource id of an image version in a gallery: /subscriptions/…/galleries/…/images/…/versions/…",
  ).describe(
    `A version of Debian's image, or the id of a version in a Compute Gallery, ${imageMeaning} Default: the project's when the cache is made, then the same.`,
  ),
);

const awsName = matching(
  /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/,
  "an AWS region: write its code, like eu-central-1",
).describe("The AWS region.");

/** The keys of every region on a cluster that the stack creates. */
const ownCluster = {
  apiAccess: z
    .array(addressRange)
    .min(1)
    .describe(
      "Who may reach the cluster's API, as address ranges: you, your pipeline, and the people on call.",
    ),
  replicas,
  operator,
};

/** A minor version of Kubernetes. docs/kubernetes.md says until when each one is supported. */
const kubernetesVersion = (initial: string) =>
  matching(/^1\.\d{2}$/, 'a minor version of Kubernetes: write it in quotes, like "1.36"')
    .default(initial)
    .describe("Minor version of Kubernetes. One step at a time: docs/kubernetes.md.");

export const awsVmRegion = z.strictObject({
  name: awsName,
  topology: vm,
  machine: awsMachine,
  storage: cloudStorage.describe(storageMeaning),
  network: awsNetwork,
  ...reached(cloudEndpoint, awsAccess),
});

export const awsClusterRegion = z.strictObject({
  name: awsName,
  topology: cluster,
  version: kubernetesVersion("1.36"),
  storage: clusterBucket.describe(storageMeaning),
  network: clusterSubnets,
  ...ownCluster,
  ...reached(clusterEndpoint, clusterAccess),
});

const azureName = matching(
  /^[a-z]{4,}\d?$/,
  "an Azure region: write its programmatic name, like westeurope",
).describe("The Azure region.");

const subscription = subscriptionId
  .exactOptional()
  .describe(
    "ID of the Azure subscription that the stack is deployed to. Default: that of the environment, `ARM_SUBSCRIPTION_ID` or `az account show`.",
  );

const regionResourceGroup = resourceGroup
  .exactOptional()
  .describe(
    "Name of an existing resource group for all resources of the region, with at most one cache of each region. Default: a new one, `registry-cache-<region>`; in a stack that isn't called `azure-<region>`, `registry-cache-<stack>-<region>`.",
  );

const availabilityZone = z.enum(["1", "2", "3"]);

/** The least expensive Arm size that AKS accepts for the nodes of its system Pods. */
export const defaultAzureNode = "Standard_D4pls_v6";

const azureNodes = z
  .strictObject({
    type: matching(/^Standard_[\w-]+$/, "the name of a size in Azure, like Standard_D4pls_v6")
      .default(defaultAzureNode)
      .describe(
        "Azure's name of the nodes' size: four vCPUs at least, and not of series B. Another size needs another cluster.",
      ),
    zones: z
      .array(availabilityZone)
      .min(1)
      .exactOptional()
      .describe(
        "The availability zones of the nodes. Others replace the cluster. Default: all that the region has.",
      ),
  })
  .prefault({})
  .describe("The nodes of the cluster.");

export const azureVmRegion = z.strictObject({
  name: azureName,
  topology: vm,
  subscription,
  resourceGroup: regionResourceGroup,
  availabilityZone: availabilityZone
    .default("1")
    .describe(
      "The availability zone of machine and disk. Another one needs a new, empty disk: docs/upgrading.md.",
    ),
  machine: azureMachine,
  storage: cloudStorage.describe(storageMeaning),
  network: azureNetwork,
  ...reached(azureEndpoint, azureAccess),
});

export const azureClusterRegion = z.strictObject({
  name: azureName,
  topology: cluster,
  subscription,
  resourceGroup: regionResourceGroup,
  version: kubernetesVersion("1.36"),
  storage: clusterBucket.describe(storageMeaning),
  network: azureClusterNetwork,
  nodes: azureNodes,
  ...ownCluster,
  ...reached(azureClusterEndpoint, clusterAccess),
});

export const kubernetesRegion = z.strictObject({
  name: shortName.describe("Name of the region, part of all its resources' names."),
  topology: cluster.default("cluster"),
  context: z.string().min(1).describe("The kubeconfig context of the existing cluster."),
  kubeconfig: absolutePath
    .exactOptional()
    .describe("Absolute path of the kubeconfig file. Default: where kubectl looks."),
  namespace: workloadNamespace,
  storage: kubernetesStorage.prefault({ kind: "disk" }).describe(storageMeaning),
  replicas,
  expose,
  serviceAccount,
  scheduling,
  pods,
  operator,
  ...reached(kubernetesEndpoint, clusterAccess),
});

/** The validated keys that every region has: {@link anywhere}. */
export type CommonKeys = z.output<z.ZodObject<typeof anywhere>>;
