/** The double must refuse what permissions boundaries and KMS keys refuse. Otherwise, a stack that passes proves nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsCloud } from "./aws/aws.ts";
import { demandWithinBoundary } from "./aws/boundary.ts";
import { existing, keyIn } from "./aws/existing.ts";
import { demandBucketKeys, demandKey, demandVolumeKey, objectType, sseType } from "./aws/kms.ts";
import { filling } from "./refusals.ts";
import type { Inputs } from "./values.ts";

const scope = "eu-central-1";
const key = keyIn(scope);
const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const trust = policy({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});

/** An account with a role that has these rights. */
function withRole(inputs: Inputs, ...rights: object[]) {
  const { cloud, add } = filling(awsCloud(), scope);
  add("role", "aws:iam/role:Role", { name: "own", assumeRolePolicy: trust, ...inputs });
  if (rights.length > 0)
    add("rights", "aws:iam/rolePolicy:RolePolicy", { name: "own", role: "own", policy: policy(...rights) });
  return { cloud, add };
}

test("refuses a missing boundary, and an invalid path", () => {
  assert.throws(() => withRole({ permissionsBoundary: `${existing.boundary}s` }), /is not attachable/);
  const { cloud } = withRole({ path: "/platform/" });
  assert.match(
    cloud.check("aws:iam/role:Role", { name: "a", assumeRolePolicy: trust, path: "a" }, scope)[0]?.reason ??
      "",
    /path a/,
  );
});

test("refuses actions that a boundary doesn't allow, or denies", () => {
  const { cloud } = withRole({ permissionsBoundary: existing.narrowBoundary });
  demandWithinBoundary(cloud, "own", ["ssm:GetParameter", "ec2:RunInstances"]);
  assert.throws(
    () => demandWithinBoundary(cloud, "own", ["s3:GetObject"]),
    /no permissions boundary allows it/,
  );
  assert.throws(() => demandWithinBoundary(cloud, "own", ["ec2:CreateSecurityGroup"]), /AccessDenied/);
  demandWithinBoundary(withRole({}).cloud, "own", ["s3:GetObject"]);
  const { cloud: byPowerUser } = withRole({ permissionsBoundary: existing.powerUser });
  demandWithinBoundary(byPowerUser, "own", ["s3:GetObject", "iam:ListRoles"]);
  assert.throws(() => demandWithinBoundary(byPowerUser, "own", ["iam:PassRole"]), /AccessDenied/);
});

test("refuses a missing key, and a disabled one", () => {
  const { cloud } = withRole({});
  demandKey({ cloud, scope }, key);
  assert.throws(() => demandKey({ cloud, scope: "us-east-1" }, key), /NotFoundException/);
  assert.throws(() => demandKey({ cloud, scope }, existing.disabledKey), /is Disabled/);
});

test("refuses access to a bucket if the role may not use its key or an object's, or only for another bucket", () => {
  const read = {
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: "arn:aws:s3:::blobs/*",
  };
  const use = (bucket: string, ...actions: string[]) => ({
    Effect: "Allow",
    Action: actions,
    Resource: key,
    Condition: {
      StringEquals: { "kms:ViaService": `s3.${scope}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": [`arn:aws:s3:::${bucket}`] },
    },
  });
  const check = (...rights: object[]) => {
    const { cloud } = withRole({}, read, ...rights);
    const rule = { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key } };
    const inputs = { bucket: "blobs", rules: [rule] };
    cloud.keep({ id: "blobs", type: sseType, name: "blobs", scope, inputs, outputs: {} });
    demandBucketKeys({ cloud, scope }, "own");
    const outputs = { kmsKeyId: `${key}1` };
    cloud.keep({
      ...{ id: "blobs/old", type: objectType, name: "old", scope },
      inputs: { bucket: "blobs" },
      outputs,
    });
    return () => demandBucketKeys({ cloud, scope }, "own");
  };
  const withOldObject = check(use("blobs", "kms:Decrypt", "kms:GenerateDataKey"));
  assert.throws(withOldObject, /own may not kms:Decrypt with \S+1 for blobs/);
  assert.throws(() => check(), /own may not kms:Decrypt/);
  assert.throws(() => check(use("blobs", "kms:Decrypt")), /own may not kms:GenerateDataKey/);
  assert.throws(() => check(use("others", "kms:Decrypt", "kms:GenerateDataKey")), /AccessDenied/);
});

test("refuses a volume's key for which EC2 gets no grant", () => {
  const actions = [
    "Decrypt",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
  ];
  const right = (names: string[]) => ({
    Effect: "Allow",
    Action: names.map((it) => `kms:${it}`),
    Resource: key,
  });
  demandVolumeKey({ cloud: withRole({}, right(actions)).cloud, scope }, "own", key);
  const { cloud } = withRole({}, right(actions.slice(0, -1)));
  assert.throws(() => demandVolumeKey({ cloud, scope }, "own", key), /may not kms:CreateGrant/);
});
