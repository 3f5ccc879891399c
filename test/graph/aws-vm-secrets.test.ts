/** What a machine in AWS may read and do, and where the secrets are. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { secret, settled } from "../support/graph.ts";
import { graphOf, host, hostname, pod, policyOf, short, userData, zoneArn } from "./aws-vm-region.ts";

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("keeps the password in one encrypted parameter, secret all the way, and out of the user data", () => {
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

  test("keeps the Pod in a closed bucket, and the machine takes it only as the user data means it", () => {
    const { bucketPrefix, forceDestroy } = graph.resource("aws:s3/bucket:Bucket").inputs;
    assert.deepEqual([bucketPrefix, forceDestroy], ["registry-cache-eu-central-1-", true]);
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
    const digest = createHash("sha256").update(pod(graph)).digest("hex");
    assert.ok(userData(graph).includes(`POD='s3://bucket/pod.yaml'\n      POD_DIGEST='${digest}'`));
    assert.match(pod(graph), /^kind: Pod$/m);
    assert.deepEqual(
      policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-pod")).Statement,
      [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/pod.yaml" }],
    );
  });

  test("lets the machine prove its own name, and touch no other record", () => {
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

test("a provided certificate is found and may be read; no record of the zone may be changed", async () => {
  const { resource, resources } = await graphOf({
    endpoint: {
      hostname,
      zone: "example.com",
      tls: { mode: "provided", secretName: "/team/certificate" },
    },
  });

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
          StringEquals: {
            "kms:ViaService": "ssm.eu-central-1.amazonaws.com",
            "kms:EncryptionContext:PARAMETER_ARN": arn,
          },
        },
      },
    ],
  );
  const [allow] = policyOf(resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-parameters")).Statement;
  assert.ok(allow.Resource.includes(arn));
});

test("a private authority: clients are told what to trust, and its key goes to the machine by a secret alone", async () => {
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  const { type, inputs, additionalSecretOutputs, parent } = graph.resource(
    "pulumi-nodejs:dynamic/vm:PrivateAuthority",
  );
  assert.ok(type && parent === host);
  assert.equal(inputs.hostname, hostname);
  assert.deepEqual(additionalSecretOutputs, ["key"]);
  // No more than a way to its code, so that a change of the code replaces nothing.
  const code = String(inputs.__provider);
  assert.ok(code.length < 4000, `${code.length} characters`);
  assert.doesNotMatch(code, new RegExp(process.cwd()));
  const ca = await settled(graph.host.ca);
  assert.deepEqual(ca, { file: `/etc/registry-cache/${hostname}.crt`, certificate: "CERTIFICATE\n" });
  const parameter = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-authority");
  assert.equal(parameter.inputs.type, "SecureString");
  assert.deepEqual(parameter.secrets, { value: "CERTIFICATE\nAUTHORITY KEY\n" });
  const text = userData(graph);
  assert.match(text, /AUTHORITY_SECRET='\/registry-cache-test-eu-central-1\/authority'/);
  assert.doesNotMatch(text, /AUTHORITY KEY/);
});

test("credentials of remote write are a parameter of their own", async () => {
  const remoteWrite = { url: "https://metrics.example.com/push", credentials: "metrics-login" };
  const graph = await graphOf({}, { remoteWrite });
  const { inputs, secrets } = graph.resource("aws:ssm/parameter:Parameter", "eu-central-1-remote-write");
  assert.equal(inputs.name, "/registry-cache-test-eu-central-1/remote-write");
  assert.match(String(secrets.value), /hunter3/);
  const text = userData(graph) + pod(graph);
  assert.match(text, /registry-cache-remote-write=\/registry-cache-test-eu-central-1\/remote-write/);
  assert.doesNotMatch(text, /hunter3/);
});
