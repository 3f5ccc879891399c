/** Where the configuration's KMS key is used, and who gets which right to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { bucket, graphOf as cluster } from "./aws-cluster-region.ts";
import { policyOf, graphOf as vm } from "./aws-vm-region.ts";

const governance = { kmsKey: "alias/cache" };
const arn = "arn:aws:kms:eu-central-1:123456789012:key/1";
/** For what was encrypted with an earlier key. */
const anyKey = "arn:aws:kms:eu-central-1:*:key/*";
const byS3 = (name: string) => ({
  StringEquals: { "kms:ViaService": "s3.eu-central-1.amazonaws.com" },
  StringLike: { "kms:EncryptionContext:aws:s3:arn": [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] },
});

const encryptionOf = ({ resource }: AwsGraph, name: string) =>
  resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", name)
    .inputs.rules;
const byKey = [
  {
    applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: arn },
    bucketKeyEnabled: true,
  },
];
const rightsOf = ({ resource }: AwsGraph, name: string) =>
  policyOf(resource("aws:iam/rolePolicy:RolePolicy", name)).Statement;

test("encrypts a machine's disks, buckets and secrets, and lets the machine use the key only for these", async () => {
  const graph = await vm({ storage: { kind: "bucket", delivery: "redirect" } }, {}, governance);
  assert.equal(graph.resource("aws:ebs/volume:Volume").inputs.kmsKeyId, arn);
  const { kmsKeyId } = graph.resource("aws:ec2/instance:Instance").inputs.rootBlockDevice as {
    kmsKeyId: string;
  };
  assert.equal(kmsKeyId, arn);
  for (const name of ["eu-central-1", "eu-central-1-store"])
    assert.deepEqual(encryptionOf(graph, name), byKey);
  const object = graph.resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1");
  assert.equal(object.inputs.kmsKeyId, arn);
  assert.ok(object.dependencies.some((it) => it.includes("BucketServerSideEncryptionConfiguration")));
  const parameter = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-credentials-team");
  assert.equal(parameter.inputs.keyId, arn);
  const store = "registry-cache-9f86d081-123456789012-eu-central-1-an";
  assert.deepEqual(rightsOf(graph, "eu-central-1-key"), [
    { Effect: "Allow", Action: "kms:Decrypt", Resource: anyKey, Condition: byS3("bucket") },
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: anyKey,
      Condition: {
        StringEquals: { "kms:ViaService": "ssm.eu-central-1.amazonaws.com" },
        StringLike: {
          "kms:EncryptionContext:PARAMETER_ARN":
            "arn:aws:ssm:eu-central-1:*:parameter/registry-cache-test-eu-central-1/*",
        },
      },
    },
    { Effect: "Allow", Action: "kms:Decrypt", Resource: anyKey, Condition: byS3(store) },
    { Effect: "Allow", Action: "kms:GenerateDataKey", Resource: arn, Condition: byS3(store) },
  ]);
});

test("encrypts a cluster's node volumes, its bucket and the API's data, and asks for no tags", async () => {
  const graph = await cluster({}, governance);
  const { encryptionConfig } = graph.resource("aws:eks/cluster:Cluster").inputs;
  assert.deepEqual(encryptionConfig, { resources: ["secrets"], provider: { keyArn: arn } });
  const spec = graph.resource("kubernetes:eks.amazonaws.com/v1:NodeClass").inputs.spec as {
    ephemeralStorage: unknown;
  };
  assert.deepEqual(spec.ephemeralStorage, { kmsKeyID: arn });
  assert.ok(!("tags" in spec));
  const pool = graph.resource("kubernetes:karpenter.sh/v1:NodePool").inputs.spec as {
    template: { spec: { requirements: { key: string; values: string[] }[] } };
  };
  assert.deepEqual(
    pool.template.spec.requirements.map(({ key, values }) => [key.split("/").at(-1), ...values]),
    [
      ["capacity-type", "on-demand"],
      ["instance-category", "c", "m", "r"],
      ["instance-generation", "4"],
      ["arch", "arm64"],
      ["os", "linux"],
    ],
  );
  assert.deepEqual(encryptionOf(graph, "eu-central-1-store"), byKey);
  assert.deepEqual(rightsOf(graph, "eu-central-1-pods").slice(-2), [
    { Effect: "Allow", Action: "kms:Decrypt", Resource: anyKey, Condition: byS3(bucket) },
    { Effect: "Allow", Action: "kms:GenerateDataKey", Resource: arn, Condition: byS3(bucket) },
  ]);
  const [use, grants] = rightsOf(graph, "eu-central-1-cluster-key");
  assert.deepEqual([use.Resource, grants.Resource], [arn, arn]);
  assert.deepEqual(grants.Condition, { Bool: { "kms:GrantIsForAWSResource": "true" } });
  const rights = graph.resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
  assert.ok(!rights.some(({ name }) => name === "eu-central-1-cluster-tags"));
});

test("creates an access entry for each principal, with one of EKS's policies", async () => {
  const principalArn = "arn:aws:iam::123456789012:role/on-call";
  const graph = await cluster({}, { clusterAccess: [{ principalArn, policy: "edit", namespaces: ["a"] }] });
  const entry = graph.resource("aws:eks/accessEntry:AccessEntry");
  assert.deepEqual([entry.inputs.principalArn, entry.inputs.type], [principalArn, "STANDARD"]);
  const { policyArn, accessScope } = graph.resource(
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  ).inputs;
  assert.equal(policyArn, "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy");
  assert.deepEqual(accessScope, { type: "namespace", namespaces: ["a"] });
});

test("leaves everything to its previous key without a key", async () => {
  const graph = await vm({ storage: { kind: "bucket" } });
  assert.ok(!("kmsKeyId" in graph.resource("aws:ebs/volume:Volume").inputs));
  assert.ok(
    !("keyId" in graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-credentials-team").inputs),
  );
  assert.deepEqual(encryptionOf(graph, "eu-central-1-store"), [
    { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
  ]);
});
