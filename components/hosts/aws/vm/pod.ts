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
 * The bucket from which the machine fetches its Pod. It has the Pods as `pods/<digest>.json` and, under the key `pod`, the digest of the Pod that the machine should run.
 * S3 is consistent, so a reader of the new digest also finds the new object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
 */
export function createPodBucket(
  { plan: { region, names }, found: { kmsKeyArn } }: VmArgs,
  options: pulumi.CustomResourceOptions,
): PodBucket {
  const { name } = region;
  const bucket = new Bucket(
    name,
    { bucketPrefix: names.bucketPrefix, forceDestroy: true, tags: names.tags("pod") },
    options,
  );
  closeBucket(name, bucket, options);
  // S3's default encryption needs no setting.
  const encrypted = kmsKeyArn === undefined ? [] : [encryptBucket(name, bucket, kmsKeyArn, options)];
  return { bucket, encrypted, kmsKeyArn };
}

export interface PodBucket {
  readonly bucket: Bucket;
  /** Resources that must exist before an object is written. */
  readonly encrypted: readonly pulumi.Resource[];
  /** @default S3's own key */
  readonly kmsKeyArn: string | undefined;
}

/**
 * Uploads the Pod. A preview shows its changes. Another Pod is another object, which exists before the machine learns its digest. Old objects, about 100 kB each, stay until the
 * bucket is deleted: if a failed update left a deletion for the next update, that update could delete a key that it uses again.
 * @param after what must exist when the machine applies the Pod
 * @returns its digest
 */
export function createPod(
  plan: AwsVmPlan,
  podOptions: VmPodOptions,
  { bucket: { bucket }, encrypted, kmsKeyArn }: PodBucket,
  after: readonly pulumi.Resource[],
  options: pulumi.CustomResourceOptions,
): string {
  const { name } = plan.region;
  const content = bundleText(vmPod(podOptions));
  const digest = sha256(content);
  // S3 allows only ten tags per object, and the bucket's tags are enough for cost allocation: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
  const tags = plan.names.tags("pod");
  const own = {
    tags,
    // The bucket's default encryption is for new objects only. With the key, another one also applies to an object that doesn't change otherwise.
    ...(kmsKeyArn !== undefined && { kmsKeyId: kmsKeyArn }),
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
  /** The zone for the machine's DNS-01 challenges. */
  readonly challengeZone?: Pick<ChallengeZone, "id" | "nameServers"> | undefined;
}

/** Adds AWS's settings to the Pod's options. */
export function podOptions({ challengeZone, ...options }: AwsPodOptions): VmPodOptions {
  const environment = {
    // Route 53 is global, but the SDK needs a region and doesn't ask the machine for one.
    AWS_REGION: options.region.name,
    // A wildcard CNAME in the public zone also answers for the challenge's record. lego would follow it to a record that the machine may not write.
    // https://github.com/go-acme/lego/blob/v5.5.2/challenge/dns01/dns_challenge.go#L211
    LEGO_DISABLE_CNAME_SUPPORT: "true",
    // To find the zone by its name, lego would need a right on all zones.
    ...(challengeZone && { AWS_HOSTED_ZONE_ID: challengeZone.id }),
    ...(challengeZone?.nameServers && { LEGO_DNS_RESOLVERS: challengeZone.nameServers.join(",") }),
  };
  return { ...options, dns: { dnsProvider: "route53", environment } };
}
