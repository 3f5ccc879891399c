import { createHash } from "node:crypto";

/** What tells the resources of one cache from those of all others in an account. */
export interface CacheIdentity {
  /** The Pulumi stack's name, without organization. */
  readonly stack: string;
  /** An AWS region's code. */
  readonly region: string;
}

/** Names in AWS; Pulumi's own names of the resources are the region alone. */
export interface Names {
  /** Of the IAM role, which shares one namespace with all regions of an account. */
  readonly role: string;
  readonly instanceProfile: string;
  /** Start of the security group's name: AWS adds to it, so that a group can be replaced while the old one is in use. */
  readonly securityGroupPrefix: string;
  /** Start of the bucket's name, which shares one namespace with all accounts: AWS adds to it. */
  readonly bucketPrefix: string;
  alarm(action: string): string;
  /** Of the SSM parameter with a secret: see vm/secrets.ts. */
  parameter(secret: string): string;
  /** Tags of a resource, over those that the provider gives to all. Without `part`: those of the machine itself. */
  tags(part?: string): { readonly Name: string };
}

const project = "registry-cache";

/**
 * The most characters that AWS takes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html (minus 26 of Terraform's unique suffix),
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (minus the same),
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html,
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (1011 with the ARN's prefix),
 * https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
 */
export const nameLimits = {
  role: 64,
  instanceProfile: 128,
  securityGroupPrefix: 229,
  bucketPrefix: 37,
  alarm: 255,
  parameter: 900,
  tag: 256,
} as const;

/** All names of a cache. The same input gives the same names for ever: another name replaces the resource. */
export function namesOf({ stack, region }: CacheIdentity): Names {
  // The conventional stack of one region says nothing that the region doesn't.
  const cache = [project, ...(stack === `aws-${region}` ? [] : [stack]), region].join("-");
  return {
    role: capped(cache, nameLimits.role),
    instanceProfile: capped(cache, nameLimits.instanceProfile),
    securityGroupPrefix: `${capped(cache, nameLimits.securityGroupPrefix - 1)}-`,
    bucketPrefix: `${project}-${region}-`,
    alarm: (action) => capped(`${cache}-${action}`, nameLimits.alarm),
    parameter: (secret) => capped(`/${cache}/${secret}`, nameLimits.parameter),
    tags: (part) => ({ Name: capped(part === undefined ? cache : `${cache}-${part}`, nameLimits.tag) }),
  };
}

/** Tags of everything in a stack. No slashes: the machine reads its tags by the metadata service, which takes none. */
export function stackTags(stack: string): Record<string, string> {
  return { project, stack, "managed-by": "pulumi" };
}

/** A name that is too long ends in a hash of all of it. */
function capped(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.slice(0, maxLength - hash.length - 1)}-${hash}`;
}
