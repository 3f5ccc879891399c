import { getBucket } from "@pulumi/aws/s3/getBucket.js";
import * as pulumi from "@pulumi/pulumi";
import { previousOutputs } from "../previous-outputs.ts";
import { bucketResource } from "./bucket.ts";
import { namesOf } from "./naming.ts";
import type { Question } from "./question.ts";

const path = "storage.kind";

/**
 * The name for the bucket of a region with `storage.kind: bucket`: it is this stack's own already, or nobody's.
 * @returns undefined, and a problem more, when it can't be had.
 */
export async function findBucketName({
  region: { name: region },
  accountId,
  lookUp,
  options,
}: Question): Promise<string | undefined> {
  const bucket = namesOf({ stack: pulumi.getStack(), region }).bucket(accountId);
  const previous = await previousOutputs<{ bucket: string }>("aws:s3/bucket:Bucket");
  if (previous.get(bucketResource(region))?.bucket === bucket) return bucket;
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
