/**
 * The IAM action that an operation needs, which usually has the operation's name. For the others of S3, each operation's page names it under
 * "Permissions":
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
const ofS3: Readonly<Record<string, readonly string[]>> = {
  DeleteBucketEncryption: ["PutEncryptionConfiguration"],
  DeleteBucketLifecycle: ["PutLifecycleConfiguration"],
  DeleteBucketOwnershipControls: ["PutBucketOwnershipControls"],
  DeleteObject: ["DeleteObject", "DeleteObjectVersion"],
  DeleteObjects: ["DeleteObject", "DeleteObjectVersion"],
  DeletePublicAccessBlock: ["PutBucketPublicAccessBlock"],
  GetBucketAccelerateConfiguration: ["GetAccelerateConfiguration"],
  GetBucketCors: ["GetBucketCORS"],
  GetBucketEncryption: ["GetEncryptionConfiguration"],
  GetBucketLifecycleConfiguration: ["GetLifecycleConfiguration"],
  GetBucketReplication: ["GetReplicationConfiguration"],
  GetObjectLockConfiguration: ["GetBucketObjectLockConfiguration"],
  GetPublicAccessBlock: ["GetBucketPublicAccessBlock"],
  HeadBucket: ["ListBucket"],
  HeadObject: ["GetObject"],
  ListObjectVersions: ["ListBucketVersions"],
  PutBucketEncryption: ["PutEncryptionConfiguration"],
  PutBucketLifecycleConfiguration: ["PutLifecycleConfiguration"],
  PutPublicAccessBlock: ["PutBucketPublicAccessBlock"],
};

/** Services whose prefix in policies differs from their name. */
const prefixes: Readonly<Record<string, string>> = {
  elbv2: "elasticloadbalancing",
  s3control: "s3",
  "service-quotas": "servicequotas",
};

/** @param operation `ec2.RunInstances`, with the names of AWS's models */
export function actionsFor(operation: string): string[] {
  const [service = "", name = ""] = operation.split(".");
  const names = (service === "s3" ? ofS3[name] : undefined) ?? [name];
  return names.map((it) => `${prefixes[service] ?? service}:${it}`);
}
