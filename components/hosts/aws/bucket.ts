import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { getBucket } from "@pulumi/aws/s3/getBucket.js";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Store } from "../../pod/store.ts";
import { previousResource } from "../previous-outputs.ts";
import type { Question } from "./account.ts";
import { type AwsPlan, hasAccountNamespace } from "./naming.ts";
import { encryptedOnlyPolicy } from "./policies.ts";

export interface BucketArgs extends Pick<S3Store, "bucket" | "delivery"> {
  /** An object is deleted after this many days. */
  readonly expireDays: number;
  /** @default S3's own key */
  readonly kmsKeyArn: string | undefined;
}

/** A bucket that the Pod's origins access with the identity of the machine or the Pod. */
export interface BucketStore {
  readonly store: S3Store;
  /** Resources that must exist before the bucket is used. */
  readonly resources: readonly pulumi.Resource[];
}

/** Pulumi's name of the bucket. The suffix is needed because a region with a machine also has the Pod's bucket. */
function bucketResource(region: string): string {
  return `${region}-store`;
}

/**
 * Creates the bucket for the blobs of one region's cache. Roles that use it need bucketPolicy(). All objects can be fetched again, so the bucket is deleted with its content.
 */
export function createBucket(
  { names, region: { name: region } }: AwsPlan,
  { bucket, delivery, expireDays, kmsKeyArn }: BucketArgs,
  options: pulumi.CustomResourceOptions,
): BucketStore {
  const resource = bucketResource(region);
  const own = new Bucket(
    resource,
    {
      bucket,
      bucketNamespace: hasAccountNamespace(region) ? "account-regional" : "global",
      forceDestroy: true,
      tags: names.tags("store"),
    },
    options,
  );
  const it = { bucket: own.bucket };
  const settings = { ...options, deletedWith: own };
  const resources = [
    own,
    // Disables ACLs. distribution sends the ACL `private` with each object. S3 accepts that from the bucket's own account, because it doesn't change anything:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    new BucketOwnershipControls(
      resource,
      { ...it, rule: { objectOwnership: "BucketOwnerEnforced" } },
      settings,
    ),
    ...closeBucket(resource, own, settings),
    encryptBucket(resource, own, kmsKeyArn, settings),
    new BucketLifecycleConfiguration(
      resource,
      {
        ...it,
        rules: [
          {
            id: "expire",
            status: "Enabled",
            filter: {},
            expiration: { days: expireDays },
            // Longer than any upload takes.
            abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
          },
        ],
      },
      settings,
    ),
  ];
  return { store: { kind: "s3", bucket, region, delivery }, resources };
}

/** Sets the default encryption of new objects. With a bucket key, S3 calls KMS only from time to time, not for each object. */
export function encryptBucket(
  name: string,
  { bucket }: Bucket,
  kmsMasterKeyId: string | undefined,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const rule =
    kmsMasterKeyId === undefined
      ? { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }
      : {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId },
          bucketKeyEnabled: true,
        };
  return new BucketServerSideEncryptionConfiguration(name, { bucket, rules: [rule] }, options);
}

/** Blocks public access and unencrypted connections to a bucket. */
export function closeBucket(
  name: string,
  { bucket }: Bucket,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return [
    new BucketPublicAccessBlock(
      name,
      {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      options,
    ),
    new BucketPolicy(
      name,
      { bucket, policy: bucket.apply((it) => JSON.stringify(encryptedOnlyPolicy(it))) },
      options,
    ),
  ];
}

const path = "storage.kind";

/**
 * Checks the name for the bucket of a region with `storage.kind: bucket`: the bucket must be this stack's already, or not exist.
 * @returns undefined, after adding a problem, if the name is taken
 */
export async function findBucketName(question: Question): Promise<string | undefined> {
  const { plan, region, accountId, lookUp, options } = question;
  const bucket = plan.names.bucket(accountId);
  const type = "aws:s3/bucket:Bucket";
  const previous = await previousResource<{ bucket: string }>(type, bucketResource(region.name));
  if (previous?.bucket === bucket) return bucket;
  const isFree = await lookUp.askForNothing(path, `the bucket ${bucket}`, getBucket({ bucket }, options), {
    isMissing,
    unknown: "may be another account's",
  });
  return isFree ? bucket : undefined;
}

/** The provider's message for S3's 404: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket.go */
function isMissing({ message }: Error): boolean {
  return /couldn't find resource|NoSuchBucket|StatusCode: 404/.test(message);
}
