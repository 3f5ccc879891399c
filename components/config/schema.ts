import { z } from "zod";
import { alerts, externalLabels } from "./alerts.ts";
import {
  type AwsGovernance,
  type AzureGovernance,
  governanceMeaning,
  governanceSchemas,
} from "./governance.ts";
import { type ImageName, imageNames } from "./images.ts";
import { prefetch } from "./prefetch.ts";
import {
  awsClusterRegion,
  awsVmRegion,
  azureClusterRegion,
  azureVmRegion,
  kubernetesRegion,
  localRegion,
} from "./region.ts";
import { certificates, imageReference, on, secretKey, serverUrl, wholeNumber } from "./text.ts";
import { upstream } from "./upstream.ts";
import { defaultPeakMinutes, version } from "./version.ts";

/** The namespace of the stack's configuration keys in Pulumi. It is also the project's name. */
export const namespace = "registry-cache";

const quantity = z.number().nonnegative().max(1_000_000);

const workload = z.strictObject({
  nodes: wholeNumber(0, 1_000_000)
    .default(300)
    .describe(
      "Nodes that pull from one region's cache. The `workload` decides sizes and the estimated cost.",
    ),
  pullsPerNodeGiB: quantity.default(3).describe("What a node pulls in its lifetime, in GiB, compressed."),
  nodeChurnPerMonth: quantity.default(4).describe("How often a node is replaced in a month."),
  workingSetGiB: quantity
    .default(150)
    .describe("Content in use at one time, in GiB: the disk should hold it."),
  growthGiBPerMonth: quantity.default(10).describe("New content from the upstreams in a month, in GiB."),
  peakNodes: wholeNumber(0, 1_000_000)
    .exactOptional()
    .describe("The largest number of nodes that start at the same time. Default: a tenth of `nodes`."),
  peakMinutes: wholeNumber(1, 1440)
    .default(defaultPeakMinutes[2])
    .describe(
      "Minutes in which `peakNodes` nodes that start at the same time must finish their pulls. In configurations of `version` 1: 30.",
    ),
});

/** The assumed usage of one region's cache. */
export type Workload = z.output<typeof workload>;

const monitoring = z.strictObject({
  labels: externalLabels
    .default({})
    .describe(
      "Labels of all metrics and alerts that leave the cache's Prometheus: `installation`, `pipeline` …",
    ),
  alerts: alerts.prefault({}).describe("Which alerts fire, when, and with which labels."),
  alertmanagers: z
    .array(serverUrl({ path: true, credentials: false }))
    .default([])
    .describe("Addresses of Alertmanagers that get the alerts. Plain `http://` as for `upstreams[].url`."),
  remoteWrite: z
    .strictObject({
      url: serverUrl({ path: true }).describe(
        "Address that accepts Prometheus remote write. Plain `http://` as for `upstreams[].url`.",
      ),
      credentials: secretKey
        .exactOptional()
        .describe(
          "The top-level secret key of this stack that holds `username` and `password`, or a bearer `token`. Default: anonymous.",
        ),
      tenant: z
        .string()
        .regex(/^[\w!.*'()-]{1,150}$/, { error: "is not a tenant: letters, digits and !-_.*'()" })
        .exactOptional()
        .describe("The tenant of Mimir, Cortex or Thanos (`X-Scope-OrgID`). Default: none is named."),
    })
    .exactOptional()
    .describe(
      "Where all metrics are sent. The results of the rules aren't sent: load the rules at the receiver, too. Default: nowhere.",
    ),
});

const images = z.strictObject(
  Object.fromEntries(
    imageNames.map((name) => [
      name,
      imageReference
        .exactOptional()
        .describe("Image of this container, for a mirror or an air gap. Default: a pinned one."),
    ]),
  ) as Record<ImageName, z.ZodExactOptional<typeof imageReference>>,
);

const budget = z.strictObject({
  monthlyUSD: z.number().positive().describe("Maximum estimated cost of the whole stack in a month, in USD."),
  over: z
    .enum(["warn", "fail"])
    .default("warn")
    .describe(
      "What happens in a preview that exceeds the budget, or may exceed it because prices are missing.",
    ),
  unpriced: z
    .enum(["fail", "allow"])
    .default("fail")
    .describe(
      "What `over: fail` does if a line has no price in its region. `allow`: prices of other regions count, with a warning.",
    ),
});

const cost = z.strictObject({
  azureSameRegionTraffic: z
    .enum(["free", "billed", "unknown"])
    .default("unknown")
    .describe(
      "Whether Azure bills traffic to a public address of the same region: sources disagree, docs/cost.md. " +
        "`unknown`: the estimate shows both.",
    ),
  nodes: z
    .strictObject({
      natGateway: z
        .enum(["none", "billed", "unknown"])
        .default("unknown")
        .describe(
          "AWS: whether the nodes' pulls from public addresses pass their own NAT gateway. `billed`: counted, as a cost of the customers. " +
            "`unknown`: not counted, but the estimate says where this would change the result.",
        ),
      s3Endpoint: on.describe(
        "AWS: whether the nodes reach S3 by a gateway endpoint instead of the NAT gateway.",
      ),
    })
    .prefault({})
    .describe("The network of the nodes, which their owners pay."),
  registryGiB: quantity
    .exactOptional()
    .describe(
      "Total content of the Azure registries, in GiB, which a geo-replica stores. Default: `workload.workingSetGiB` (too low).",
    ),
  clusters: wholeNumber(1, 10_000)
    .default(5)
    .describe("Clusters and accounts of a region that would each need their own cache, for the comparison."),
});

/** The keys that every stack has, apart from its provider and regions. */
const shared = {
  version,
  upstreams: z
    .array(upstream)
    .min(1)
    .describe(
      "The registries that the cache serves. The first one answers requests that don't name a registry.",
    ),
  workload: workload.prefault({}).describe("The assumed use of one region's cache: for sizing and cost."),
  monitoring: monitoring.prefault({}).describe("Where metrics and alerts go."),
  prefetch: prefetch
    .exactOptional()
    .describe("Images to pull into the caches before clients need them: docs/prefetch.md. Default: nothing."),
  images: images.default({}).describe("Images that replace the pinned ones."),
  trustedAuthorities: certificates
    .exactOptional()
    .describe(
      "Certificates of private authorities, PEM, which the cache trusts in addition to the public ones: for upstreams, an S3 server, and the receivers of metrics and alerts. Default: none.",
    ),
  cost: cost.prefault({}).describe("Facts for the cost estimate that it can't find out itself."),
  budget: budget.exactOptional().describe("A limit for the estimated cost. Default: none."),
};

const providerMeaning = "Where this stack's regions run.";
const regionsMeaning = "The regions of this stack: one cache in each.";

function stack<Name extends string, Region extends z.ZodType>(provider: Name, region: Region) {
  return z.strictObject({
    provider: z.literal(provider).describe(providerMeaning),
    regions: z.array(region).min(1).describe(regionsMeaning),
    ...shared,
  });
}

/** Adds the name of its kind to a validated region: the key in the table of components/hosts/kinds.ts. */
function kind<Name extends string, Region extends z.ZodObject>(name: Name, region: Region) {
  return region.transform((data) => ({ ...data, kind: name }));
}

/** The schema of each kind of region. A kind is a provider, with the topology if the provider has several. */
export const regionSchemas = {
  local: kind("local", localRegion),
  "aws vm": kind("aws vm", awsVmRegion),
  "aws cluster": kind("aws cluster", awsClusterRegion),
  "azure vm": kind("azure vm", azureVmRegion),
  "azure cluster": kind("azure cluster", azureClusterRegion),
  kubernetes: kind("kubernetes", kubernetesRegion),
};

const awsRegion = z.discriminatedUnion("topology", [regionSchemas["aws vm"], regionSchemas["aws cluster"]]);
const azureRegion = z.discriminatedUnion("topology", [
  regionSchemas["azure vm"],
  regionSchemas["azure cluster"],
]);

function governed<Block extends z.ZodType>(block: Block) {
  return { governance: block.exactOptional().describe(governanceMeaning) };
}

/** The clouds: the names of regions are locations there, and resources are in an account. */
export const cloudStacks = {
  aws: stack("aws", awsRegion).extend(governed(governanceSchemas.aws)),
  azure: stack("azure", azureRegion).extend(governed(governanceSchemas.azure)),
};

export type CloudProvider = keyof typeof cloudStacks;

/** The keys of a stack under {@link namespace}, per provider. The credentials that a stack names are further top-level keys. */
export const stackSchemas = {
  local: stack("local", regionSchemas.local),
  ...cloudStacks,
  kubernetes: stack("kubernetes", regionSchemas.kubernetes),
};

export type Provider = keyof typeof stackSchemas;

export const providers = Object.keys(stackSchemas) as Provider[];

/** The schema for a stack with an unknown provider. It still checks everything except the regions and `governance`. */
export const unknownProviderSchema = z.strictObject({
  provider: z.enum(providers).describe(providerMeaning),
  regions: z.array(z.unknown()).min(1).describe(regionsMeaning),
  ...shared,
  ...governed(z.unknown()),
});

/** A stack's configuration after validation: defaults filled in, sizes in GiB. */
export type StackConfig = z.output<(typeof stackSchemas)[Provider]>;

/** A stack's configuration before validation, as a user writes it: keys with a default are optional. */
export type StackInput = Constant<z.input<(typeof stackSchemas)[Provider]>>;

/** Also accepts what is `as const`. */
type Constant<Value> = { readonly [Key in keyof Value]: Constant<Value[Key]> };

/** A registry that the cache serves. The first one of a stack is the default upstream. `url` is the origin of a URL, without a final slash. */
export type Upstream = z.output<typeof upstream>;

/** Regions after validation, by kind. */
export type Regions = { [Kind in keyof typeof regionSchemas]: z.output<(typeof regionSchemas)[Kind]> };
export type RegionKind = keyof Regions;
export type AnyRegion = Regions[RegionKind];

export type LocalRegion = Regions["local"];
export type AwsVmRegion = Regions["aws vm"];
export type AwsClusterRegion = Regions["aws cluster"];
export type AwsRegion = AwsVmRegion | AwsClusterRegion;
export type AzureVmRegion = Regions["azure vm"];
export type AzureClusterRegion = Regions["azure cluster"];
export type AzureRegion = AzureVmRegion | AzureClusterRegion;
export type KubernetesRegion = Regions["kubernetes"];

/** A region on one machine of a cloud. `OwnClusterRegion`: a region on a cluster that the stack creates. */
export type VmRegion = Extract<AnyRegion, { readonly kind: `${string} vm` }>;
export type OwnClusterRegion = Extract<AnyRegion, { readonly kind: `${string} cluster` }>;
export type CloudRegion = VmRegion | OwnClusterRegion;

/** Requirements of the owners of a cloud's accounts. Each cloud reads only its own keys. */
export type Governance = Partial<AwsGovernance & AzureGovernance>;
