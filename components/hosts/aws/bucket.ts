import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { getBucket } from "@pulumi/aws/s3/getBucket.js";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Store } from "../../pod/store.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Question } from "./account.ts";
import { type AwsPlan, hasAccountNamespace } from "./naming.ts";
import { encryptedOnlyPolicy } from "./policies.ts";

export interface BucketArgs extends Pick<S3Store, "bucket" | "delivery"> {
  /** After how many days an object is deleted. */
  readonly expireDays: number;
  /** @default S3's own key */
  readonly kmsKeyArn: string | undefined;
}

/** A bucket as the Pod's origins reach it, by the identity of the machine or the Pod. */
export interface BucketStore {
  readonly store: S3Store;
  /** What must be there before the bucket is used. */
  readonly resources: readonly pulumi.Resource[];
}

/** The Pulumi name of a region's bucket, which is one of two in a region with a machine. */
function bucketResource(region: string): string {
  return `${region}-store`;
}

/**
 * The bucket with the blobs, for the region's cache alone; who may use it gets bucketPolicy(). All of it can be fetched again, so it is deleted with what is in it.
 *
 * @param name of the region
 */
export function createBucket(
  name: string,
  { names, region: { name: region } }: AwsPlan,
  { bucket, delivery, expireDays, kmsKeyArn }: BucketArgs,
  options: pulumi.CustomResourceOptions,
): BucketStore {
  const resource = bucketResource(name);
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
    // Without ACLs. distribution sends one with each object, `private`, which S3 takes from the bucket's own account, as it says what holds anyway:
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
            // Longer than any fill takes.
            abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
          },
        ],
      },
      settings,
    ),
  ];
  return { store: { kind: "s3", bucket, region, delivery }, resources };
}

/** How new objects are encrypted. With a key of the bucket's own, KMS is asked once in a while, not for each object. */
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

/** Nothing in a bucket is for the public, or goes over the network in plain text. */
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
 * The name for the bucket of a region with `storage.kind: bucket`: it is this stack's own already, or nobody's.
 * @returns undefined, and a problem more, when it can't be had.
 */
export async function findBucketName(question: Question): Promise<string | undefined> {
  const { plan, region, accountId, lookUp, options } = question;
  const bucket = plan.names.bucket(accountId);
  const previous = await previousOutputs<{ bucket: string }>("aws:s3/bucket:Bucket");
  if (previous.get(bucketResource(region.name))?.bucket === bucket) return bucket;
  const isFree = await lookUp.askForNothing(path, `the bucket ${bucket}`, getBucket({ bucket }, options), {
    isMissing,
    unknown: "may be another account's",
  });
  return isFree ? bucket : undefined;
}

/** https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket.go says so in the place of S3's 404. */
function isMissing({ message }: Error): boolean {
  return /couldn't find resource|NoSuchBucket|StatusCode: 404/.test(message);
}
