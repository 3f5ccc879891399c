import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmRegion } from "../../../config/schema.ts";
import type { S3Store } from "../../../pod/store.ts";
import { isTagged, sha256, stackTags } from "../../naming.ts";
import { bundleText } from "../../podman/bundle.ts";
import { type VmPodOptions, vmPod } from "../../vm/pod.ts";
import { closeBucket, encryptBucket } from "../bucket.ts";
import type { ChallengeZone } from "../hosted-zones.ts";
import type { VmArgs } from "./findings.ts";
import type { AwsVmPlan } from "./plan.ts";

/**
 * Where the machine finds its Pod: in a bucket of its own, as `pods/<digest>.json` and, under the key `pod`, the digest of the one that it is to run.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel: who sees the new digest sees the object, too.
 */
export function createPodBucket(
  name: string,
  { plan: { names }, found: { kmsKeyArn } }: VmArgs,
  options: pulumi.CustomResourceOptions,
): PodBucket {
  const bucket = new Bucket(
    name,
    { bucketPrefix: names.bucketPrefix, forceDestroy: true, tags: names.tags("pod") },
    options,
  );
  closeBucket(name, bucket, options);
  // What S3 does by itself needs no setting.
  const encrypted = kmsKeyArn === undefined ? [] : [encryptBucket(name, bucket, kmsKeyArn, options)];
  return { bucket, encrypted };
}

export interface PodBucket {
  readonly bucket: Bucket;
  /** What must be there before anything is put into it. */
  readonly encrypted: readonly pulumi.Resource[];
}

export interface PodArgs {
  readonly podOptions: VmPodOptions;
  readonly bucket: PodBucket;
  /** What must be there when the machine applies the Pod. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The Pod, of which a preview shows what changes. Another one is another object, which is there before the machine is told of it. The old ones stay, about a hundred kilobytes each,
 * until the bucket goes: what a failed update was to delete, Pulumi deletes by the next one, which may be back at that very key.
 * @returns its digest
 */
export function createPod(
  name: string,
  plan: AwsVmPlan,
  { podOptions, bucket: { bucket: it, encrypted }, after }: PodArgs,
  options: pulumi.CustomResourceOptions,
): string {
  const { bucket } = it;
  const content = bundleText(vmPod(podOptions));
  const digest = sha256(content);
  // S3 takes ten tags of an object, and counts costs by the bucket's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
  const tags = plan.names.tags("pod");
  const own = {
    tags,
    ...(isTagged(plan) && { overrideProvider: { defaultTags: { tags: stackTags(plan.stack) } } }),
  };
  const object = new BucketObjectv2(
    name,
    { bucket, key: `pods/${digest}.json`, content, contentType: "application/json", ...own },
    { ...options, retainOnDelete: true, dependsOn: [...encrypted] },
  );
  new BucketObjectv2(
    `${name}-pointer`,
    { bucket, key: "pod", content: digest, contentType: "text/plain", ...own },
    { ...options, dependsOn: [object, ...after] },
  );
  return digest;
}

export interface AwsPodOptions extends Omit<VmPodOptions, "dns"> {
  readonly region: AwsVmRegion;
  readonly store?: S3Store | undefined;
  /** Of the zone in which the machine proves its name. */
  readonly challengeZone?: Pick<ChallengeZone, "id" | "nameServers"> | undefined;
}

/** What AWS adds to the Pod. */
export function podOptions({ challengeZone, ...options }: AwsPodOptions): VmPodOptions {
  const environment = {
    // The service is global, but the SDK wants to know one, and doesn't ask the machine.
    AWS_REGION: options.region.name,
    // Found by name, it would take a right on all zones.
    ...(challengeZone && { AWS_HOSTED_ZONE_ID: challengeZone.id }),
    ...(challengeZone?.nameServers && { LEGO_DNS_RESOLVERS: challengeZone.nameServers.join(",") }),
  };
  return { ...options, dns: { dnsProvider: "route53", environment } };
}
