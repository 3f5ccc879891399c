import { getKey } from "@pulumi/aws/kms/getKey.js";
import { ofRegion } from "../../config/per-region.ts";
import { previousResource } from "../previous-outputs.ts";
import type { Question } from "./account.ts";

const path = "governance.kmsKey";
/** The Pod's bucket has such a resource only with a key. */
const bucketEncryptionType =
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

/**
 * Finds the key of a region. Checks that it can encrypt, and that it isn't one of AWS's own keys, which only one service can use.
 * @returns its ARN. Undefined if the configuration names no key, or after adding a problem.
 */
export async function findKmsKey(question: Question): Promise<string | undefined> {
  const { plan, region, lookUp, options } = question;
  const { name } = region;
  const keyId = ofRegion(plan.governance?.kmsKey, name);
  if (keyId === undefined) return undefined;
  const key = await lookUp.ask(path, `the KMS key ${keyId} in ${name}`, getKey({ keyId }, options));
  if (!key) return undefined;
  const { arn, keyManager, keySpec, keyState, keyUsage } = key;
  const refuse = (what: string) => lookUp.refuse(path, `${keyId} in ${name} ${what}`);
  if (keyState !== "Enabled") refuse(`is in the state ${keyState}: enable it, or name another one`);
  if (keySpec !== "SYMMETRIC_DEFAULT")
    refuse(`is a key for ${keyUsage} of the kind ${keySpec}: name a symmetric one for ENCRYPT_DECRYPT`);
  if (keyManager === "AWS") refuse("is one of AWS's own, for one service only: name one of yours");
  return arn;
}

/**
 * Refuses a machine without a key if it has one: its objects, parameters and disks would keep the key, and the machine would lose its rights to it. A disk keeps the key that it
 * was created with. Another key needs another disk, which `protect` prevents.
 */
export async function checkMachineKey(
  { plan, region: { name }, lookUp }: Question,
  wanted: string | undefined,
): Promise<void> {
  if (ofRegion(plan.governance?.kmsKey, name) === undefined) {
    const pod = await previousResource(bucketEncryptionType, name);
    if (pod)
      lookUp.refuse(
        path,
        `${name} has stored objects, secrets and a disk with a key, and they keep it: name that key or another one`,
      );
    return;
  }
  const disk = await previousResource<{ kmsKeyId: string }>("aws:ebs/volume:Volume", name);
  if (!disk || wanted === undefined || disk.kmsKeyId === wanted) return;
  const message = `the data disk of ${name} is encrypted by ${disk.kmsKeyId ?? "another key"}, and a disk keeps its key: the update would make another disk. docs/governance.md says how to give this one up`;
  lookUp.warn(path, message);
}

/** EKS can't remove or change a cluster's key: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html */
export async function checkClusterKey(
  { region: { name }, lookUp }: Question,
  wanted: string | undefined,
): Promise<void> {
  type Encrypted = { readonly encryptionConfig: { readonly provider: { readonly keyArn: string } } };
  const cluster = await previousResource<Encrypted>("aws:eks/cluster:Cluster", name);
  const has = cluster?.encryptionConfig?.provider.keyArn;
  if (has === undefined || has === wanted) return;
  lookUp.refuse(
    path,
    `the cluster of ${name} is encrypted by ${has}, and EKS can't change that: keep the key`,
  );
}
