/** A service's requests to KMS with the rights of the service's caller. */
import type { Cloud } from "../../cloud.ts";
import type { Asked } from "../../guard.ts";
import { sseType } from "../kms.ts";
import type { Request } from "./evaluate.ts";
import { textsIn } from "./subjects.ts";

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html */
const ofDisks = [
  ...["CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext"],
  ...["ReEncryptFrom", "ReEncryptTo"],
];

const byType: Readonly<Record<string, readonly string[]>> = {
  "aws:ebs/volume:Volume": ofDisks,
  "aws:ec2/instance:Instance": ofDisks,
  // https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
  "aws:ssm/parameter:Parameter": ["Encrypt", "Decrypt"],
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
  "aws:s3/bucketObjectv2:BucketObjectv2": ["GenerateDataKey", "Decrypt"],
  // https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
  "aws:eks/cluster:Cluster": ["DescribeKey", "CreateGrant"],
};

export function keyRequests(cloud: Cloud, { kind, type, inputs }: Asked): Request[] {
  // An existing cluster gets a key in the same way as a new one.
  if (kind !== "create" && !(kind === "update" && type === "aws:eks/cluster:Cluster")) return [];
  const settings = cloud.things(sseType).filter((it) => it.inputs.bucket === inputs.bucket);
  const isObject = type === "aws:s3/bucketObjectv2:BucketObjectv2";
  const keys = textsIn([inputs, isObject && settings.map((it) => it.inputs)]).filter((it) =>
    /^arn:aws:kms:[^:]+:\d+:key\/[^*/]+$/.test(it),
  );
  return [...new Set(keys)].flatMap((resource) =>
    (byType[type] ?? []).map((name) => ({
      action: `kms:${name}`,
      resource,
      // EKS doesn't know the condition: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
      context: type === "aws:eks/cluster:Cluster" ? {} : { "kms:GrantIsForAWSResource": "true" },
    })),
  );
}
