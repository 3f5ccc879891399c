/** The bucket of a region on a VM in AWS. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { graphOf, pod, policyOf, userData } from "./aws-vm-region.ts";

const storeType = "aws:s3/bucket:Bucket";

describe("a region with a bucket", () => {
  const name = "registry-cache-9f86d081-123456789012-eu-central-1-an";
  const arn = `arn:aws:s3:::${name}`;
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf({ storage: { kind: "bucket", delivery: "redirect", expireDays: 30 } });
  });

  const setting = (type: string) => {
    const { bucket, ...inputs } = graph.resource(`aws:s3/${type}`, "eu-central-1-store").inputs;
    assert.equal(bucket, name);
    return inputs;
  };

  test("has one of a plain name in the account's own namespace, which goes with what is in it", () => {
    const { tags, ...inputs } = setting("bucket:Bucket");
    assert.deepEqual(inputs, { bucketNamespace: "account-regional", forceDestroy: true });
    const added = graph.resources.filter((it) => it.name === "eu-central-1-store" && it.type !== storeType);
    assert.equal(added.length, 6);
    for (const { type, deletedWith } of added) {
      if (type.startsWith("aws:s3/")) assert.equal(deletedWith, `${storeType} eu-central-1-store`, type);
    }
  });

  test("closes it: no public access, no ACLs, no plain text, and encrypted", () => {
    assert.deepEqual(
      new Set(Object.values(setting("bucketPublicAccessBlock:BucketPublicAccessBlock"))),
      new Set([true]),
    );
    assert.deepEqual(setting("bucketOwnershipControls:BucketOwnershipControls"), {
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    assert.deepEqual(
      setting("bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    );
    assert.deepEqual(
      policyOf(graph.resource("aws:s3/bucketPolicy:BucketPolicy", "eu-central-1-store")).Statement,
      [
        {
          Sid: "EncryptedOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    );
  });

  test("deletes what is old, and what was never finished", () => {
    assert.deepEqual(setting("bucketLifecycleConfiguration:BucketLifecycleConfiguration"), {
      rules: [
        {
          id: "expire",
          status: "Enabled",
          filter: {},
          expiration: { days: 30 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    });
  });

  test("lets the machine read and write it, and nothing else in S3", () => {
    const { Statement } = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-store"));
    assert.deepEqual(Statement, [
      {
        Effect: "Allow",
        Action: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
        Resource: arn,
      },
      {
        Effect: "Allow",
        Action: [
          "s3:AbortMultipartUpload",
          "s3:DeleteObject",
          "s3:GetObject",
          "s3:ListMultipartUploadParts",
          "s3:PutObject",
        ],
        Resource: `${arn}/*`,
      },
    ]);
    const { dependencies } = graph.resource("aws:ec2/instance:Instance");
    for (const needed of [
      storeType,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "aws:iam/rolePolicy:RolePolicy",
    ]) {
      assert.ok(dependencies.includes(`${needed} eu-central-1-store`), needed);
    }
  });

  test("tells the Pod its bucket, and keeps a small disk and a small machine for the rest", () => {
    assert.match(pod(graph), new RegExp(`bucket: ${name}$`, "m"));
    assert.doesNotMatch(pod(graph), /path: \/srv\/cache\/origin-/);
    const directories = /DIRECTORIES='([^']+)'/.exec(userData(graph))?.[1];
    assert.equal(directories, "tls cache prometheus acme");
    assert.equal(graph.host.diskGiB, 20);
    assert.equal(graph.resource("aws:ec2/instance:Instance").inputs.instanceType, "t4g.small");
  });
});
