import { list, type Statement, statementsOf } from "../iam.ts";
import { type Demands, type Resource, rule, unmet, type Violation } from "../rule.ts";
import { valueAt } from "../values.ts";

const demands: Demands = {
  "azure-native:storage:StorageAccount": {
    "is open to keys: set `allowSharedKeyAccess: false`": (it) => it.allowSharedKeyAccess === false,
    "may be made public: set `allowBlobPublicAccess: false`": (it) => it.allowBlobPublicAccess === false,
  },
  "azure-native:storage:BlobContainer": {
    "is public: set `publicAccess: None`": (it) => it.publicAccess === "None",
  },
  "azure-native:keyvault:Vault": {
    "has access policies: set `enableRbacAuthorization`": (it) =>
      valueAt("properties.enableRbacAuthorization", it) === true,
    "can be emptied for good: set `enablePurgeProtection`": (it) =>
      valueAt("properties.enablePurgeProtection", it) === true,
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    "leaves a way to make the bucket public: set all four": (it) =>
      ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].every(
        (key) => it[key] === true,
      ),
  },
  "aws:s3/bucketPolicy:BucketPolicy": {
    "doesn't deny plain text": ({ policy }) => statementsOf(String(policy)).some(deniesPlainText),
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    "lets ACLs give rights: set `BucketOwnerEnforced`": (it) =>
      valueAt("rule.objectOwnership", it) === "BucketOwnerEnforced",
  },
};

function deniesPlainText({ Effect, Principal, Action, Condition }: Statement): boolean {
  const isForAll = Effect === "Deny" && Principal === "*" && list(Action).includes("s3:*");
  return isForAll && Condition?.Bool?.["aws:SecureTransport"] === "false";
}

/** The resource types that must exist for a store. */
function partsOf({ type, props }: Resource): string[] {
  if (type === "azure-native:storage:StorageAccount") return ["azure-native:storage:ManagementPolicy"];
  if (type !== "aws:s3/bucket:Bucket") return [];
  const closed = ["PublicAccessBlock", "Policy"];
  // A bucket with `bucketPrefix` holds only the Pod, and clients never write to it.
  const all =
    props.bucketPrefix === undefined ? [...closed, "OwnershipControls", "LifecycleConfiguration"] : closed;
  return all.map((part) => `aws:s3/bucket${part}:Bucket${part}`);
}

/** A store and its parts share their logical name. Bucket names can't match them, because most are unknown during a preview. */
function missingParts<Given extends Resource>(store: Given, resources: readonly Given[]): Violation<Given>[] {
  return partsOf(store)
    .filter((type) => !resources.some((it) => it.type === type && it.name === store.name))
    .map((type) => ({
      resource: store,
      message: `has no ${type.split(":").at(-1)} of the same name`,
    }));
}

export const privateStores = rule({
  name: "private-stores",
  level: "mandatory",
  what: "Nothing can make a bucket, container or vault public. Storage accounts take no keys, and delete what is old.",
  why: "The content is public, but you pay for the bucket: anyone who can list or write it can cause costs.",
  each: (resource) => unmet(demands, resource),
  all: (resources) => resources.flatMap((it) => missingParts(it, resources)),
});
