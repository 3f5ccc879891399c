import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../naming.ts";
import { type VmPodOptions, vmPod } from "../vm/pod.ts";
import type { StoredPod } from "../vm/user-data.ts";
import { closeBucket } from "./bucket.ts";
import type { Names } from "./naming.ts";

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
  { names }: { readonly names: Names },
  podOptions: VmPodOptions,
  options: pulumi.CustomResourceOptions,
): Pod {
  const yaml = vmPod(podOptions);
  const bucket = new Bucket(
    name,
    { bucketPrefix: names.bucketPrefix, forceDestroy: true, tags: names.tags("pod") },
    options,
  );
  closeBucket(name, bucket, options);
  const object = new BucketObjectv2(
    name,
    { bucket: bucket.bucket, key, content: yaml, contentType: "application/yaml", tags: names.tags("pod") },
    options,
  );
  return {
    name: pulumi.interpolate`s3://${bucket.bucket}/${key}`,
    digest: sha256(yaml),
    arn: pulumi.interpolate`${bucket.arn}/${key}`,
    object,
  };
}
