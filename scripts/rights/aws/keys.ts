/** The permits that a stack needs on KMS keys. */
import { textsIn } from "../../../components/config/as-written.ts";
import type { Resource } from "../resources.ts";
import type { Found } from "./permits.ts";

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html */
const ofDisks = ["CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"];

/** The actions on a key that are needed to create a resource that the key encrypts, by resource type. */
const keyUses: Readonly<Record<string, readonly string[]>> = {
  "aws:ebs/volume:Volume": ofDisks,
  "aws:ec2/instance:Instance": ofDisks,
  // https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
  "aws:ssm/parameter:Parameter": ["Decrypt", "Encrypt"],
  // https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
  "aws:eks/cluster:Cluster": ["CreateGrant"],
};
/** For a bucket into which the stack puts objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html */
const ofObjects = ["Decrypt", "GenerateDataKey"];

/** Permits on the keys that encrypt a stack's resources, apart from AWS's own keys. */
export function keyPermits({ type, inputs }: Resource, all: readonly Resource[]): Found[] {
  const keys = textsIn(inputs).filter((text) => /^arn:[^:]+:kms:[^:]+:\d+:key\/[^*]+$/.test(text));
  const isFilled =
    type.startsWith("aws:s3/") && all.some((it) => it.type === "aws:s3/bucketObjectv2:BucketObjectv2");
  const uses = ["DescribeKey", ...(isFilled ? ofObjects : (keyUses[type] ?? []))];
  // EKS doesn't accept the condition.
  const isNarrowed = (name: string) => name === "CreateGrant" && type !== "aws:eks/cluster:Cluster";
  return keys.flatMap((resource) =>
    uses.map((name) => ({
      action: `kms:${name}`,
      resource,
      condition: isNarrowed(name) ? { Bool: { "kms:GrantIsForAWSResource": "true" } } : {},
    })),
  );
}
