/** What a machine in AWS may read and do: its secrets, its Pod and its bucket. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { secret, settled } from "../support/graph.ts";
import { ca } from "../support/kubernetes-regions.ts";
import { graphOf, host, hostname, pod, policyOf, short, userData, zoneArn } from "./aws-vm-region.ts";

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("stores the password in one encrypted parameter, as a secret everywhere, and outside of the user data", () => {
    const parameter = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-credentials-team");
    assert.equal(parameter.inputs.type, "SecureString");
    assert.equal(parameter.inputs.name, "/registry-cache-test-eu-central-1/credentials-team");
    assert.equal(parameter.inputs.value, secret);
    assert.match(JSON.stringify(parameter.secrets), /hunter2/);
    const others = graph.resources.filter((it) => Object.keys(it.secrets).length > 0 && it !== parameter);
    assert.deepEqual(others.map(short), []);
    const text = userData(graph) + pod(graph);
    assert.doesNotMatch(text, /hunter2|reader/);
    assert.match(text, /\/registry-cache-test-eu-central-1\/credentials-team/);
  });

  test("stores the Pod in a closed bucket under its digest, which is all that the machine is told", () => {
    const { bucketPrefix, forceDestroy } = graph.resource("aws:s3/bucket:Bucket").inputs;
    assert.deepEqual([bucketPrefix, forceDestroy], ["registry-cache-9f86d0-eu-central-1-", true]);
    const { bucket, ...blocked } = graph.resource(
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    ).inputs;
    assert.equal(bucket, "bucket");
    assert.deepEqual(new Set(Object.values(blocked)), new Set([true]));
    const [denied] = policyOf(graph.resource("aws:s3/bucketPolicy:BucketPolicy")).Statement;
    assert.deepEqual(
      [denied.Effect, denied.Condition],
      ["Deny", { Bool: { "aws:SecureTransport": "false" } }],
    );
    assert.deepEqual(denied.Resource, ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]);
    const object = (name: string) => graph.resource("aws:s3/bucketObjectv2:BucketObjectv2", name).inputs;
    const { key, content } = object("eu-central-1");
    const digest = createHash("sha256").update(String(content)).digest("hex");
    assert.equal(key, `pods/${digest}.json`);
    const pointer = object("eu-central-1-pointer");
    assert.deepEqual([pointer.key, pointer.content], ["pod", digest]);
    assert.match(userData(graph), /https:\/\/bucket\.s3\.eu-central-1\.amazonaws\.com/);
    assert.doesNotMatch(userData(graph), new RegExp(digest));
    assert.match(pod(graph), /^kind: Pod$/m);
    assert.deepEqual(
      policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-pod")).Statement,
      [
        {
          Effect: "Allow",
          Action: "s3:GetObject",
          Resource: ["arn:aws:s3:::bucket/pod", "arn:aws:s3:::bucket/pods/*"],
        },
      ],
    );
  });

  test("lets the machine prove its own name, and change no other record", () => {
    assert.deepEqual(policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-challenge")), {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "route53:GetChange", Resource: "arn:aws:route53:::change/*" },
        { Effect: "Allow", Action: "route53:ListResourceRecordSets", Resource: zoneArn },
        {
          Effect: "Allow",
          Action: "route53:ChangeResourceRecordSets",
          Resource: zoneArn,
          Condition: {
            "ForAllValues:StringEquals": {
              "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
              "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
              "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
            },
          },
        },
      ],
    });
  });

  test("lets the machine read its own parameter, and denies it all others", () => {
    const own = [
      "arn:aws:ssm:eu-central-1:123456789012:parameter/registry-cache-test-eu-central-1/credentials-team",
    ];
    const policy = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-parameters"));
    assert.deepEqual(policy.Statement, [
      { Effect: "Allow", Action: "ssm:GetParameter", Resource: own },
      { Effect: "Deny", Action: ["ssm:GetParameter", "ssm:GetParameters"], NotResource: own },
    ]);
    assert.equal(
      graph.resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs.policyArn,
      "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    );
  });
});

test("allows the machine to read a provided certificate, and no change of the zone's records", async () => {
  const endpoint = {
    hostname,
    zone: "example.com",
    tls: { mode: "provided", secretName: "/team/certificate", ca },
  };
  const graph = await graphOf({ endpoint });
  const { resource, resources } = graph;

  const policies = resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
  assert.deepEqual(policies.map(short).sort(), [
    "RolePolicy eu-central-1-certificate",
    "RolePolicy eu-central-1-parameters",
    "RolePolicy eu-central-1-pod",
  ]);
  const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/team/certificate";
  assert.deepEqual(
    policyOf(resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-certificate")).Statement,
    [
      {
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: "arn:aws:kms:eu-central-1:*:key/*",
        Condition: {
          StringEquals: { "kms:ViaService": "ssm.eu-central-1.amazonaws.com" },
          StringLike: { "kms:EncryptionContext:PARAMETER_ARN": arn },
        },
      },
    ],
  );
  const [allow] = policyOf(resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-parameters")).Statement;
  assert.ok(allow.Resource.includes(arn));
  const file = `/etc/registry-cache/${hostname}.crt`;
  assert.deepEqual(await settled(graph.host.ca), { file, certificate: ca });
});

test("outputs a private authority for clients, and passes its key to the machine only in a secret", async () => {
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  const { type, inputs, additionalSecretOutputs, parent } = graph.resource(
    "pulumi-nodejs:dynamic/vm:PrivateAuthority",
  );
  assert.ok(type && parent === host);
  assert.equal(inputs.hostname, hostname);
  assert.deepEqual(additionalSecretOutputs, ["key"]);
  // The input only imports the code, so that a change of the code replaces nothing.
  const code = String(inputs.__provider);
  assert.ok(code.length < 4000, `${code.length} characters`);
  assert.doesNotMatch(code, new RegExp(process.cwd()));
  const trusted = { file: `/etc/registry-cache/${hostname}.crt`, certificate: "CERTIFICATE\n" };
  assert.deepEqual(await settled(graph.host.ca), trusted);
  const parameter = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-authority");
  assert.equal(parameter.inputs.type, "SecureString");
  assert.deepEqual(parameter.secrets, { value: "CERTIFICATE\nAUTHORITY KEY\n" });
  const text = pod(graph);
  assert.match(text, /AUTHORITY_SECRET='\/registry-cache-test-eu-central-1\/authority'/);
  assert.doesNotMatch(text, /AUTHORITY KEY/);
});

test("stores credentials of remote write in a parameter of their own", async () => {
  const remoteWrite = { url: "https://metrics.example.com/push", credentials: "metrics-login" };
  const graph = await graphOf({}, { remoteWrite });
  const { inputs, secrets } = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-remote-write");
  assert.equal(inputs.name, "/registry-cache-test-eu-central-1/remote-write");
  assert.match(String(secrets.value), /hunter3/);
  const text = userData(graph) + pod(graph);
  assert.match(text, /remote-write=\/registry-cache-test-eu-central-1\/remote-write/);
  assert.doesNotMatch(text, /hunter3/);
});

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

  test("has one with a plain name in the account's own namespace, which is deleted with its content", () => {
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

  test("deletes old objects, and incomplete uploads", () => {
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
    const { dependencies } = graph.resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1-pointer");
    for (const needed of [
      storeType,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "aws:iam/rolePolicy:RolePolicy",
    ]) {
      assert.ok(dependencies.includes(`${needed} eu-central-1-store`), needed);
    }
  });

  test("configures the Pod with the bucket, and has a small disk and a small machine for the rest", () => {
    assert.match(pod(graph), new RegExp(`bucket: ${name}$`, "m"));
    assert.doesNotMatch(pod(graph), /path: \/srv\/cache\/origin-/);
    const directories = /DIRECTORIES='([^']+)'/.exec(pod(graph))?.[1];
    assert.equal(directories, "tls cache prometheus acme");
    assert.equal(graph.host.diskGiB, 20);
    assert.equal(graph.resource("aws:ec2/instance:Instance").inputs.instanceType, "t4g.small");
  });
});
