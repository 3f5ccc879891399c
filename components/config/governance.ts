/** Requirements of the owners of accounts and subscriptions for all resources of a stack: docs/governance.md. */
import { z } from "zod";
import { entriesOf, fieldOf, valueAt } from "./as-written.ts";
import { objectName } from "./metadata.ts";
import { perRegion, perRegionProblems } from "./per-region.ts";
import { type Problem, problemIf } from "./problems.ts";
import { awsTags, azureTags, stackTagNames, zoneTagProblem } from "./tags.ts";
import { matching, off } from "./text.ts";

const tagsMeaning = "Tags of every resource, in addition to the stack's own, by their names. Default: none.";

const kmsKey = matching(
  /^(?:alias\/(?!aws\/)[\w/-]{1,250}|arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,64})$/,
  "a key of KMS of yours: write alias/name, or arn:aws:kms:eu-central-1:111122223333:key/…",
);

const clusterAccess = z.strictObject({
  principalArn: matching(
    /^arn:aws:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/,
    "the ARN of an IAM role or user, like arn:aws:iam::111122223333:role/on-call",
  ).describe("ARN of an IAM role or user."),
  policy: z
    .enum(["view", "edit", "admin", "clusterAdmin"])
    .default("view")
    .describe("The EKS access policy that it gets."),
  namespaces: z
    .array(objectName)
    .min(1)
    .exactOptional()
    .describe("The namespaces that the policy covers. Default: all, and objects without a namespace."),
});

const awsGovernance = z.strictObject({
  tags: awsTags.default({}).describe(tagsMeaning),
  ignoredTags: z
    .array(
      matching(
        /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]{1,128}\*?$/u,
        "the name of a tag, or the beginning of names and an asterisk, like map-migrated or scanner:*",
      ),
    )
    .min(1)
    .exactOptional()
    .describe(
      "Names of tags that others set on the stack's resources. An entry with `*` at its end is the beginning of names. The stack keeps these tags, and doesn't report them as a change. Default: none.",
    ),
  allowedAccountIds: z
    .array(matching(/^\d{12}$/, 'the id of an AWS account: 12 digits, in quotes, like "111122223333"'))
    .min(1)
    .exactOptional()
    .describe(
      "IDs of the AWS accounts that the stack may be deployed to. Default: the account of the credentials.",
    ),
  permissionsBoundary: matching(
    /^arn:aws:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/,
    "the ARN of an IAM policy, like arn:aws:iam::111122223333:policy/boundary",
  )
    .exactOptional()
    .describe("ARN of the permissions boundary of every role that the stack makes. Default: none."),
  iamPath: matching(
    /^(?=.{1,512}$)\/(?:[\w+=,.@-]+\/)*$/,
    "a path of IAM, which begins and ends with a slash, like /platform/",
  )
    .exactOptional()
    .describe(
      "IAM path of every role and instance profile that the stack makes. It can't change. Default: `/`.",
    ),
  kmsKey: perRegion(kmsKey, "a key of KMS")
    .exactOptional()
    .describe(
      "The KMS key of volumes, buckets, parameters and a cluster's secrets: an alias, an ARN, or a mapping of regions to these. Default: keys of AWS.",
    ),
  clusterAccess: z
    .array(clusterAccess)
    .exactOptional()
    .describe(
      "Who may use the API of clusters, in addition to the identity that created them. Default: nobody.",
    ),
});

const diskEncryptionSet = matching(
  /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.Compute\/diskEncryptionSets\/[^/\s]+$/i,
  "the resource id of a disk encryption set: /subscriptions/…/providers/Microsoft.Compute/diskEncryptionSets/…",
);

const storageKey = z.strictObject({
  key: matching(
    /^https:\/\/[a-z0-9-]{3,24}\.vault\.azure\.net\/keys\/[0-9A-Za-z-]{1,127}$/,
    "the address of a key in Key Vault without its version: https://vault-name.vault.azure.net/keys/key-name",
  ).describe("Address of the key, without its version: the newest one is used."),
  identity: matching(
    /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/\s]+$/i,
    "the resource id of a user-assigned identity: /subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…",
  ).describe("Resource id of an identity that may use the key: Key Vault Crypto Service Encryption User."),
});

const azureGovernance = z.strictObject({
  tags: azureTags.default({}).describe(tagsMeaning),
  diskEncryptionSet: perRegion(diskEncryptionSet, "the resource id of a disk encryption set")
    .exactOptional()
    .describe(
      "Disk encryption set of machines' disks and of nodes', by its resource id, or a mapping of regions to these. Default: keys of Azure.",
    ),
  encryptionAtHost: off.describe(
    "Whether the hosts of machines and nodes encrypt their disks, including temporary ones and caches. Another value replaces a machine; AKS needs another cluster.",
  ),
  storageKey: storageKey
    .exactOptional()
    .describe("The key of storage accounts, and who may use it. Default: a key of Azure."),
  diagnostics: matching(
    /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.OperationalInsights\/workspaces\/[^/\s]+$/i,
    "the resource id of a Log Analytics workspace: /subscriptions/…/providers/Microsoft.OperationalInsights/workspaces/…",
  )
    .exactOptional()
    .describe(
      "Resource id of the Log Analytics workspace that gets the audit logs of vaults, storage accounts and clusters. Default: none.",
    ),
  subnetSecurityGroups: off.describe(
    "Whether each subnet that the stack makes has a network security group, as machines and nodes have.",
  ),
});

export type AwsGovernance = z.output<typeof awsGovernance>;
export type AzureGovernance = z.output<typeof azureGovernance>;

/** By cloud. */
export const governanceSchemas = { aws: awsGovernance, azure: azureGovernance };

export const governanceMeaning =
  "Requirements of the owners of the account or subscription, for all regions: docs/governance.md. Default: nothing.";

/** Checks this block against the stack's regions. The configuration isn't validated yet, so every part can have any type. */
export function governanceProblems(raw: Record<string, unknown>): Problem[] {
  const { provider } = raw;
  return typeof provider === "string" && Object.hasOwn(checks, provider)
    ? checks[provider as keyof typeof checks](raw)
    : [];
}

type Check = (raw: Record<string, unknown>) => Problem[];

const checks: Readonly<Record<keyof typeof governanceSchemas, Check>> = {
  aws: (raw) => [
    ...boundaryProblems(raw),
    ...ignoredTagProblems(raw),
    ...perRegionProblems(raw, "kmsKey", regionOfKey),
    ...clusterAccessProblems(raw),
  ],
  azure: (raw) => [...zoneTagProblems(raw), ...perRegionProblems(raw, "diskEncryptionSet")],
};

/** Reports a key of another region: KMS keys work in their own region only. */
function regionOfKey(key: string, region: string): string | undefined {
  const own = /^arn:aws:kms:([a-z0-9-]+):/.exec(key)?.[1];
  if (own === undefined || own === region) return undefined;
  return `is a key in ${own}, and ${region} is a region of this stack: name an alias, or write a key for each region, \`${region}: …\``;
}

/** EKS allows one access entry per principal: https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html */
function clusterAccessProblems(raw: Record<string, unknown>): Problem[] {
  const entries = valueAt(["governance", "clusterAccess"], raw);
  if (entries === undefined) return [];
  const path = "governance.clusterAccess";
  const hasCluster = entriesOf(raw.regions).some((region) => fieldOf(region, "topology") === "cluster");
  const principals = entriesOf(entries).map((entry) => fieldOf(entry, "principalArn"));
  return [
    ...problemIf(!hasCluster, path, "goes with `topology: cluster`, which no region has: leave it out"),
    ...principals.flatMap((principal, index) => {
      const first = principals.indexOf(principal);
      if (typeof principal !== "string" || first === index) return [];
      return [{ path: `${path}[${index}].principalArn`, message: `is that of ${path}[${first}]` }];
    }),
  ];
}

/** A permissions boundary must be a policy of the role's own account, or a policy of AWS. */
function boundaryProblems(raw: Record<string, unknown>): Problem[] {
  const boundary = valueAt(["governance", "permissionsBoundary"], raw);
  const allowed = entriesOf(valueAt(["governance", "allowedAccountIds"], raw));
  const owner = typeof boundary === "string" ? boundary.split(":")[4] : undefined;
  if (owner === undefined || owner === "aws" || allowed.length === 0 || allowed.includes(owner)) return [];
  const message = `is a policy of the account ${owner}, which isn't in \`allowedAccountIds\``;
  return [{ path: "governance.permissionsBoundary", message }];
}

/** The provider would neither set nor change a tag that it ignores. */
function ignoredTagProblems(raw: Record<string, unknown>): Problem[] {
  const tags = Object(valueAt(["governance", "tags"], raw)) as object;
  // A cluster's own network has these on its subnets: hosts/aws/cluster/network.ts.
  const hasOwnNetwork = entriesOf(raw.regions).some(
    (region) =>
      fieldOf(region, "topology") === "cluster" &&
      (valueAt(["network", "vpc"], region) ?? "create") === "create",
  );
  const roles = hasOwnNetwork ? ["elb", "internal-elb"].map((role) => `kubernetes.io/role/${role}`) : [];
  const own = ["Name", ...stackTagNames, ...Object.keys(tags), ...roles];
  return entriesOf(valueAt(["governance", "ignoredTags"], raw)).flatMap((entry, index) => {
    const path = `governance.ignoredTags[${index}]`;
    const text = String(entry);
    const start = text.replace(/\*$/, "");
    const found = own.find((name) => (start === text ? name === text : name.startsWith(start)));
    return [
      ...problemIf(text !== text.trim(), path, "begins or ends with a space"),
      ...problemIf(found !== undefined, path, `includes the tag "${found}", which the stack sets`),
    ];
  });
}

/** The stack creates a DNS zone for each region with `acme`, so its tags must be valid for zones: ADR 6. */
function zoneTagProblems(raw: Record<string, unknown>): Problem[] {
  const modes = entriesOf(raw.regions).map((region) => valueAt(["endpoint", "tls", "mode"], region));
  const zone = modes.indexOf("acme");
  if (zone < 0) return [];
  const tags = Object(valueAt(["governance", "tags"], raw)) as object;
  return Object.keys(tags).flatMap((name) => {
    const message = zoneTagProblem(name);
    if (message === undefined) return [];
    const path = z.core.toDotPath(["governance", "tags", name]);
    return [
      { path, message: `${message}, and regions[${zone}] has such a zone for \`tls: { mode: acme }\`` },
    ];
  });
}
