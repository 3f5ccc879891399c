/** KMS keys, and the rights to use them. */
import { list } from "../../../policy/iam.ts";
import { type Cloud, everywhere, type Request } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text } from "../values.ts";
import { allows, statementsOf } from "./policy.ts";

export const keyType = "aws:kms/key:Key";
export const objectType = "aws:s3/bucketObjectv2:BucketObjectv2";
export const sseType =
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

type Asked = Pick<Request, "cloud" | "scope">;

/** Finds a key by its ARN or an alias. */
function findKey({ cloud, scope }: Asked, id: string) {
  return cloud.things(keyType).find((it) => it.scope === scope && (it.id === id || it.inputs.alias === id));
}

/** Refuses a key that doesn't exist or is disabled. @param id in any form that the service accepts */
export function demandKey(asked: Asked, id: string): void {
  if (id === "") return;
  const key = findKey(asked, id);
  demand(key, "NotFoundException", `Key '${id}' does not exist`);
  demand(key.inputs.keyState === "Enabled", "KMSInvalidStateException", `${id} is ${key.inputs.keyState}`);
}

export function getKey(inputs: Inputs, asked: Asked): Inputs {
  const id = text("keyId", inputs);
  const found = findKey(asked, id);
  demand(found, "NotFoundException", `reading KMS Key (${id}): couldn't find resource`);
  const kind = { keySpec: "SYMMETRIC_DEFAULT", keyUsage: "ENCRYPT_DECRYPT", keyManager: "CUSTOMER" };
  return { id, arn: found.id, enabled: found.inputs.keyState === "Enabled", ...kind, ...found.inputs };
}

/** The statements of a role's own policies that allow something. */
export function allowedTo(cloud: Cloud, role: string) {
  return cloud
    .things("aws:iam/rolePolicy:RolePolicy")
    .filter((it) => it.inputs.role === role)
    .flatMap((it) => statementsOf(text("policy", it.inputs)))
    .filter(({ Effect }) => Effect === "Allow");
}

/** The key by which a bucket encrypts new objects, or an empty text. */
export function bucketKey({ cloud, scope }: Asked, bucket: string): string {
  const settings = cloud.find(sseType, bucket, scope)?.inputs ?? {};
  return text("rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", settings);
}

/** Refuses a role that may use a bucket, but not the bucket's key, or the key of an object in it: an object keeps the key that it was written with. */
export function demandBucketKeys({ cloud, scope }: Asked, role: string): void {
  const rights = allowedTo(cloud, role);
  const objects = cloud.things(objectType);
  for (const { Action, Resource } of rights) {
    const buckets = list(Resource).flatMap((it) => /^arn:aws:s3:::([^/]+)/.exec(it)?.[1] ?? []);
    for (const bucket of new Set(buckets)) {
      const own = bucketKey({ cloud, scope }, bucket);
      const ofObjects = objects
        .filter((it) => it.inputs.bucket === bucket)
        .map(({ outputs }) => text("kmsKeyId", outputs));
      const context = {
        "kms:ViaService": `s3.${scope}.amazonaws.com`,
        "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${bucket}`,
      };
      const need = (action: string, keys: readonly string[]) => {
        for (const key of keys.filter((it) => it !== "")) {
          const isAllowed = rights.some((it) => allows(it, action, key, context));
          demand(isAllowed, "AccessDenied", `${role} may not ${action} with ${key} for ${bucket}`);
        }
      };
      if (list(Action).includes("s3:GetObject")) need("kms:Decrypt", [own, ...ofObjects]);
      if (list(Action).includes("s3:PutObject")) need("kms:GenerateDataKey", [own]);
    }
  }
}

/** Refuses a cluster's role without the rights by which EC2 gets the key of a node's volumes: https://docs.aws.amazon.com/eks/latest/userguide/auto-kms.html */
export function demandVolumeKey({ cloud, scope }: Asked, role: string, key: string): void {
  if (key === "") return;
  demandKey({ cloud, scope }, key);
  const rights = allowedTo(cloud, role);
  const actions = [
    "Decrypt",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
  ];
  const missing = actions.filter((action) => !rights.some((it) => allows(it, `kms:${action}`, key)));
  const message = `${cloud.find("aws:iam/role:Role", role, everywhere)?.id} may not kms:${missing} with ${key}`;
  demand(missing.length === 0, "Client.InvalidKMSKey.InvalidState", message);
}
