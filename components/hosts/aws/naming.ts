import type { AwsRegion } from "../../config/schema.ts";
import { conventionalStack } from "../../config/stack-name.ts";
import type { RegionPlan } from "../kind.ts";
import { type CacheIdentity, capped, project, sha256 } from "../naming.ts";

export type Names = Readonly<ReturnType<typeof namesOf>>;

/** The common part of the plans for a machine and for a cluster. */
export interface AwsPlan extends RegionPlan<AwsRegion> {
  readonly names: Names;
}

/**
 * AWS's maximum lengths: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html (minus 26 of Terraform's unique suffix),
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (minus the same),
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html,
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (1011 with the ARN's prefix),
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html,
 * https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
 */
export const nameLimits = {
  role: 64,
  instanceProfile: 128,
  securityGroupPrefix: 229,
  bucketPrefix: 37,
  bucket: 63,
  cluster: 100,
  alarm: 255,
  parameter: 900,
  tag: 256,
} as const;

/** All names of a cache in AWS. (Pulumi's own resource names contain only the region.) The same input must always give the same names, because another name replaces the resource. */
export function namesOf({ stack, region }: CacheIdentity) {
  const isConventional = stack === conventionalStack("aws", region);
  const cache = [project, ...(isConventional ? [] : [stack]), region].join("-");
  // Stack names can contain characters that bucket names can't.
  const bucketBase = (digits: number) =>
    isConventional ? project : `${project}-${sha256(stack).slice(0, digits)}`;
  // Stack names can contain dots, and cluster names can't.
  const cluster = capped(cache.replaceAll(".", "-"), nameLimits.cluster);
  return {
    /** Name of the IAM role. It must be unique among all regions of an account. */
    role: capped(cache, nameLimits.role),
    instanceProfile: capped(cache, nameLimits.instanceProfile),
    /** Name of the EKS cluster. */
    cluster,
    /** The CloudWatch log group into which EKS writes the cluster's logs. */
    logGroup: `/aws/eks/${cluster}/cluster`,
    /** Name of one of the cluster's IAM roles. */
    clusterRole: (part: string) => capped(`${cache}-${part}`, nameLimits.role),
    /** Prefix of the security group's name. The provider appends a suffix, so that a group can be replaced while the old one is in use. */
    securityGroupPrefix: `${capped(cache, nameLimits.securityGroupPrefix - 1)}-`,
    /**
     * Prefix of the name of the Pod's bucket. The provider appends a suffix, because bucket names are unique among all accounts. No cache's prefix begins with another's, because a
     * deployer's rights are for the prefix: six digits of the hash leave room for the longest name of a region.
     */
    bucketPrefix: `${bucketBase(6)}-${region}-`,
    /** Name of the bucket with the blobs. It is known before the bucket exists. If the region supports it, the name is in the account's own namespace: see bucket.ts. */
    bucket: (accountId: string) =>
      [bucketBase(8), accountId, region, ...(hasAccountNamespace(region) ? ["an"] : [])].join("-"),
    alarm: (action: string) => capped(`${cache}-${action}`, nameLimits.alarm),
    /** Name of the SSM parameter that holds a secret: see vm/secrets.ts. */
    parameter: (secret: string) => capped(`/${cache}/${secret}`, nameLimits.parameter),
    /** Tags of a resource, in addition to the provider's default tags. Without `part`: the machine's own tags. */
    tags: (part?: string) => ({
      Name: capped(part === undefined ? cache : `${cache}-${part}`, nameLimits.tag),
    }),
  };
}

/** Regions where all bucket names share one global namespace: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html */
const withoutAccountNamespace = ["me-central-1", "me-south-1"];

/** Whether only the account itself can create a bucket whose name ends in the account's id, the region and `an`. */
export function hasAccountNamespace(region: string): boolean {
  return !withoutAccountNamespace.includes(region);
}
