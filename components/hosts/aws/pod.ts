import { createHash } from "node:crypto";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import * as pulumi from "@pulumi/pulumi";
import type { S3Store } from "../../pod/store.ts";
import { type VmPodOptions, vmPod } from "../vm/pod.ts";
import type { StoredSecrets } from "../vm/secrets.ts";
import type { StoredPod } from "../vm/user-data.ts";
import type { Names } from "./naming.ts";
import { encryptedOnlyPolicy } from "./policies.ts";
import type { VmPlanArgs } from "./vm-args.ts";

export interface AwsPodOptions extends Pick<VmPlanArgs, "region" | "upstreams" | "images" | "monitoring"> {
  readonly diskGiB: number;
  readonly store?: S3Store | undefined;
  /** Of the zone in which the machine proves its name. */
  readonly hostedZoneId?: string | undefined;
  /** Names of SSM parameters. */
  readonly storedSecrets: StoredSecrets<string>;
}

/** What AWS adds to the Pod. */
export function podOptions(options: AwsPodOptions): VmPodOptions {
  const { region, upstreams, images, monitoring, diskGiB, store, storedSecrets, hostedZoneId } = options;
  return {
    provider: "aws",
    region,
    upstreams,
    images,
    monitoring,
    diskGiB,
    store,
    storedSecrets,
    dns: {
      dnsProvider: "route53",
      environment: {
        // The service is global, but the SDK wants to know one, and doesn't ask the machine.
        AWS_REGION: region.name,
        // Found by name, it would take a right on all zones.
        ...(hostedZoneId !== undefined && { AWS_HOSTED_ZONE_ID: hostedZoneId }),
      },
    },
  };
}

/** Where the machine finds the Pod, and may read it. */
export interface Pod extends Omit<StoredPod, "name"> {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** What must be there when the machine starts. */
  readonly object: pulumi.Resource;
}

const key = "pod.yaml";

/**
 * The Pod, in a bucket of its own: EC2 takes 16 KiB of user data, compressed, which is just about what the Pod has, and it has more with each upstream. So a preview
 * also shows what changes in it. The machine reads it when it starts for the first time.
 */
export function createPod(
  name: string,
  podOptions: VmPodOptions,
  { names }: { readonly names: Names },
  options: pulumi.CustomResourceOptions,
): Pod {
  const yaml = vmPod(podOptions);
  const bucket = new Bucket(
    name,
    { bucketPrefix: names.bucketPrefix, forceDestroy: true, tags: names.tags("pod") },
    options,
  );
  new BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  new BucketPolicy(
    name,
    { bucket: bucket.bucket, policy: bucket.bucket.apply((it) => JSON.stringify(encryptedOnlyPolicy(it))) },
    options,
  );
  const object = new BucketObjectv2(
    name,
    { bucket: bucket.bucket, key, content: yaml, contentType: "application/yaml", tags: names.tags("pod") },
    options,
  );
  return {
    name: pulumi.interpolate`s3://${bucket.bucket}/${key}`,
    digest: createHash("sha256").update(yaml).digest("hex"),
    arn: pulumi.interpolate`${bucket.arn}/${key}`,
    object,
  };
}
