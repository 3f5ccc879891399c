import type { AwsRegion } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { type CacheIdentity, capped, project, sha256 } from "../naming.ts";

export type Names = Readonly<ReturnType<typeof namesOf>>;

/** What the plans of a machine's region and a cluster's have in common. */
export interface AwsPlan extends RegionPlan<AwsRegion> {
  readonly names: Names;
}

/**
 * The most characters that AWS takes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
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

/** All names of a cache in AWS; Pulumi's own names of the resources are the region alone. The same input gives the same names for ever: another name replaces the resource. */
export function namesOf({ stack, region }: CacheIdentity) {
  // The conventional stack of one region says nothing that the region doesn't.
  const isConventional = stack === `aws-${region}`;
  const cache = [project, ...(isConventional ? [] : [stack]), region].join("-");
  // Stacks may have names with characters that buckets can't have.
  const bucketBase = isConventional ? project : `${project}-${sha256(stack).slice(0, 8)}`;
  // Stacks may have points in their names, and clusters not.
  const cluster = capped(cache.replaceAll(".", "-"), nameLimits.cluster);
  return {
    /** Of the IAM role, which shares one namespace with all regions of an account. */
    role: capped(cache, nameLimits.role),
    instanceProfile: capped(cache, nameLimits.instanceProfile),
    /** Of the EKS cluster. */
    cluster,
    /** Of CloudWatch, into which EKS writes the cluster's logs. */
    logGroup: `/aws/eks/${cluster}/cluster`,
    /** Of an IAM role of the cluster. */
    clusterRole: (part: string) => capped(`${cache}-${part}`, nameLimits.role),
    /** Start of the security group's name: AWS adds to it, so that a group can be replaced while the old one is in use. */
    securityGroupPrefix: `${capped(cache, nameLimits.securityGroupPrefix - 1)}-`,
    /** Start of the name of the Pod's bucket, which shares one namespace with all accounts: AWS adds to it. */
    bucketPrefix: `${project}-${region}-`,
    /** Of the bucket with the blobs. Known before it is there, and in the account's own part of the namespace where the region has one: see bucket.ts. */
    bucket: (accountId: string) =>
      [bucketBase, accountId, region, ...(hasAccountNamespace(region) ? ["an"] : [])].join("-"),
    alarm: (action: string) => capped(`${cache}-${action}`, nameLimits.alarm),
    /** Of the SSM parameter with a secret: see vm/secrets.ts. */
    parameter: (secret: string) => capped(`/${cache}/${secret}`, nameLimits.parameter),
    /** Tags of a resource, over those that the provider gives to all. Without `part`: those of the machine itself. */
    tags: (part?: string) => ({
      Name: capped(part === undefined ? cache : `${cache}-${part}`, nameLimits.tag),
    }),
  };
}

/** The regions where all buckets' names are in one namespace with those of all accounts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html */
const withoutAccountNamespace = ["me-central-1", "me-south-1"];

/** Whether nobody but the account can make a bucket with a name that ends in its id, the region and `an`. */
export function hasAccountNamespace(region: string): boolean {
  return !withoutAccountNamespace.includes(region);
}
