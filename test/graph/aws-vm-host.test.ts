/** Which resources a region in AWS is made of, and with what. It proves nothing about what AWS does with them: see test/engine. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../components/config/parse.ts";
import { type AwsGraph, awsGraph, offersIn, routeTable, toInternet } from "../support/aws-graph.ts";
import { type RegisteredResource, secret, settled } from "../support/graph.ts";
import { takenBy } from "../support/runbooks.ts";

const hostname = "cache.eu-central-1.example.com";
const acme = { mode: "acme", email: "platform@example.com" };
const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };
const team = {
  name: "team",
  registry: "team.example.com:5000",
  repositories: ["**"],
  credentials: "team-login",
};
const existing = { vpc: "vpc-0aaaaaaaaaaaaaaa0", subnet: "subnet-0bbbbbbbbbbbbbbb0" };
const zoneArn = "arn:aws:route53:::hostedzone/Z0123456789";
const host = "registry-cache:aws:VmHost eu-central-1";
const storeType = "aws:s3/bucket:Bucket";

/** What AWS would add, as far as other resources need it. */
function created(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "pulumi:index:Stash":
      return { output: inputs.input };
    case "aws:ebs/volume:Volume":
      return { id: "vol-0123456789abcdef0" };
    case "aws:ec2/vpc:Vpc":
      return { ipv6CidrBlock: "2001:db8:1:ff00::/56" };
    case "aws:ec2/eip:Eip":
      return { publicIp: "192.0.2.7", allocationId: "eipalloc-1" };
    case "aws:ec2/networkInterface:NetworkInterface":
      return { ipv6Addresses: inputs.ipv6AddressCount === 1 ? ["2001:db8:1:ff00::7"] : [] };
    case "aws:s3/bucket:Bucket":
      return { bucket: inputs.bucket ?? "bucket", arn: "arn:aws:s3:::bucket" };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    case "aws:ssm/parameter:Parameter":
      return { arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${inputs.name}` };
    default:
      return {};
  }
}

/** What AWS would find. */
function found(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
      return offersIn(["eu-central-1c", "eu-central-1-ham-1a", "eu-central-1b"])(inputs);
    case "aws:ec2/getRouteTable:getRouteTable":
      return routeTable(...toInternet);
    case "aws:ec2/getManagedPrefixList:getManagedPrefixList":
      return { addressFamily: "IPv4", maxEntries: 40, entries: [] };
    case "aws:ec2/getSubnet:getSubnet":
      return { vpcId: existing.vpc, availabilityZone: "eu-central-1c", ipv6CidrBlock: "" };
    case "aws:ec2/getAmi:getAmi":
      return { architecture: "arm64" };
    case "aws:route53/getZone:getZone":
      assert.deepEqual(inputs, { name: "example.com", privateZone: false });
      return { zoneId: "Z0123456789", arn: zoneArn };
    case "aws:ssm/getParameter:getParameter":
      return inputs.name === "/aws/service/debian/release/13/latest/arm64"
        ? { insecureValue: "ami-0123456789abcdef0" }
        : { arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${inputs.name}` };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: "123456789012" };
    case "pulumi:pulumi:readStackResourceOutputs":
      return { outputs: {} };
    case "aws:s3/getBucket:getBucket":
      throw Object.assign(new Error(), {
        details: `reading S3 Bucket (${inputs.bucket}): couldn't find resource`,
      });
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

async function graphOf(
  change: Record<string, unknown> = {},
  monitoring: Record<string, unknown> = {},
): Promise<AwsGraph> {
  const config = parseConfig({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname, zone: "example.com", tls: acme },
        access: { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] },
        ...change,
      },
    ],
    upstreams: [gsoci, team],
    "team-login": { username: "reader", password: { secure: "v1:x" } },
    ...(monitoring.remoteWrite !== undefined && { "metrics-login": { token: { secure: "v1:x" } } }),
    monitoring,
  });
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  const remoteWriteCredentials = pulumi.secret({ token: "hunter3" });
  return awsGraph(config, { credentials, remoteWriteCredentials }, created, found);
}

/** Type without its package's module twice, and name. */
function short({ type, name }: RegisteredResource): string {
  return `${type.split(":").at(-1)} ${name}`;
}

function policyOf(resource: RegisteredResource) {
  return JSON.parse(String(resource.inputs.policy));
}

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("is made of these, by these types and names for ever", () => {
    const types = [
      "aws:cloudwatch/metricAlarm:MetricAlarm eu-central-1-reboot",
      "aws:cloudwatch/metricAlarm:MetricAlarm eu-central-1-recover",
      "aws:ebs/volume:Volume eu-central-1",
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup eu-central-1",
      "aws:ec2/eip:Eip eu-central-1",
      "aws:ec2/eipAssociation:EipAssociation eu-central-1",
      "aws:ec2/instance:Instance eu-central-1",
      "aws:ec2/internetGateway:InternetGateway eu-central-1",
      "aws:ec2/networkInterface:NetworkInterface eu-central-1",
      "aws:ec2/route:Route eu-central-1",
      "aws:ec2/route:Route eu-central-1-ipv6",
      "aws:ec2/routeTable:RouteTable eu-central-1",
      "aws:ec2/routeTableAssociation:RouteTableAssociation eu-central-1",
      "aws:ec2/securityGroup:SecurityGroup eu-central-1",
      "aws:ec2/subnet:Subnet eu-central-1",
      "aws:ec2/volumeAttachment:VolumeAttachment eu-central-1",
      "aws:ec2/vpc:Vpc eu-central-1",
      "aws:ec2/vpcEndpoint:VpcEndpoint eu-central-1",
      "aws:iam/instanceProfile:InstanceProfile eu-central-1",
      "aws:iam/role:Role eu-central-1",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-challenge",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-parameters",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-pod",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment eu-central-1",
      "aws:route53/record:Record eu-central-1",
      "aws:route53/record:Record eu-central-1-ipv6",
      "aws:s3/bucket:Bucket eu-central-1",
      "aws:s3/bucketObjectv2:BucketObjectv2 eu-central-1",
      "aws:s3/bucketPolicy:BucketPolicy eu-central-1",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock eu-central-1",
      "aws:ssm/parameter:Parameter eu-central-1-credentials-team",
      "pulumi:index:Stash eu-central-1-image-arm64",
      "pulumi:providers:aws eu-central-1",
      "registry-cache:aws:VmHost eu-central-1",
    ];
    assert.deepEqual(graph.resources.map(({ type, name }) => `${type} ${name}`).sort(), types);
    for (const it of graph.resources) {
      // The SDK has older types of its own for S3.
      if (!it.type.startsWith("aws:s3/")) assert.equal(it.aliases, 0, short(it));
      const isRoot = it.type === "pulumi:providers:aws" || it.type === "registry-cache:aws:VmHost";
      assert.equal(it.parent, isRoot ? "" : host, short(it));
    }
  });

  test("gives what a host gives", async () => {
    assert.equal(await settled(graph.host.address), "192.0.2.7");
    assert.equal(await settled(graph.host.ca), undefined);
    assert.equal(graph.host.diskGiB, 240);
    const { outputs } = graph.resource("registry-cache:aws:VmHost");
    // No `ca`: the certificate is a public one.
    assert.deepEqual(Object.keys(outputs ?? {}).sort(), ["address", "diskGiB"]);
  });

  test("tags all that can be tagged, by the provider and by names", () => {
    const { inputs } = graph.resource("pulumi:providers:aws");
    assert.equal(inputs.region, "eu-central-1");
    assert.deepEqual(JSON.parse(String(inputs.defaultTags)), {
      tags: { project: "registry-cache", stack: "test", "managed-by": "pulumi" },
    });
    const named = graph.resources.filter(({ inputs }) => inputs.tags !== undefined);
    assert.equal(named.length, 18);
    for (const { inputs } of named) {
      assert.match((inputs.tags as { Name: string }).Name, /^registry-cache-test-eu-central-1/);
    }
  });

  test("keeps the data disk: nothing else is protected, and only what can't be two at once is deleted first", () => {
    const having = (property: "protect" | "deleteBeforeReplace") =>
      graph.resources.filter((it) => it[property]).map(short);
    assert.deepEqual(having("protect"), ["Volume eu-central-1"]);
    assert.deepEqual(having("deleteBeforeReplace").sort(), [
      "Instance eu-central-1",
      "VolumeAttachment eu-central-1",
    ]);
    assert.deepEqual(graph.resource("aws:ec2/volumeAttachment:VolumeAttachment").inputs, {
      deviceName: "/dev/sdf",
      instanceId: "eu-central-1-id",
      volumeId: "vol-0123456789abcdef0",
      skipDestroy: true,
    });
    assert.ok(graph.resources.every(({ replaceOnChanges }) => replaceOnChanges.length === 0));
  });

  test("has an encrypted gp3 disk of the planned size and speed, where the machine is", () => {
    const { tags, ...inputs } = graph.resource("aws:ebs/volume:Volume").inputs;
    assert.deepEqual(inputs, {
      availabilityZone: "eu-central-1b",
      type: "gp3",
      size: 240,
      iops: 3000,
      throughput: 125,
      encrypted: true,
    });
  });

  test("takes the first of the region's own zones that has the machine, and stays there", () => {
    const subnet = graph.resource("aws:ec2/subnet:Subnet");
    assert.equal(subnet.inputs.availabilityZone, "eu-central-1b");
    assert.deepEqual(subnet.ignoreChanges, ["availabilityZone"]);
    assert.equal(subnet.inputs.ipv6CidrBlock, "2001:db8:1:ff00::/64");
    assert.equal(subnet.inputs.mapPublicIpOnLaunch, undefined);
  });

  test("resolves the image once: a newer one replaces nothing", () => {
    const stash = graph.resource("pulumi:index:Stash");
    assert.deepEqual(stash.inputs, { input: "ami-0123456789abcdef0" });
    assert.deepEqual(stash.ignoreChanges, ["input"]);
    assert.equal(graph.resource("aws:ec2/instance:Instance").inputs.ami, "ami-0123456789abcdef0");
  });

  test("has a machine with IMDSv2 only, an encrypted root disk, and the interface's addresses alone", () => {
    const { ami, userDataBase64, tags, ...inputs } = graph.resource("aws:ec2/instance:Instance").inputs;
    assert.deepEqual(inputs, {
      instanceType: "c6gn.medium",
      iamInstanceProfile: "registry-cache-test-eu-central-1",
      primaryNetworkInterface: { networkInterfaceId: "eu-central-1-id" },
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: 12,
        encrypted: true,
        deleteOnTermination: true,
        tags: { Name: "registry-cache-test-eu-central-1-root" },
      },
    });
  });

  test("starts the machine when it has the internet, its rights and its secrets", () => {
    const { dependencies } = graph.resource("aws:ec2/instance:Instance");
    for (const needed of [
      "aws:ec2/route:Route eu-central-1",
      "aws:ec2/route:Route eu-central-1-ipv6",
      "aws:ec2/routeTableAssociation:RouteTableAssociation eu-central-1",
      "aws:ec2/eipAssociation:EipAssociation eu-central-1",
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment eu-central-1",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-challenge",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-parameters",
      "aws:iam/rolePolicy:RolePolicy eu-central-1-pod",
      "aws:s3/bucketObjectv2:BucketObjectv2 eu-central-1",
      "aws:ssm/parameter:Parameter eu-central-1-credentials-team",
      "aws:ebs/volume:Volume eu-central-1",
    ]) {
      assert.ok(dependencies.includes(needed), needed);
    }
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

  test("tells the machine its disk, its zone and its region", () => {
    const text = userData(graph);
    assert.match(text, /^#cloud-config\n/);
    assert.match(text, /nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0 /);
    assert.match(pod(graph), /AWS_HOSTED_ZONE_ID\s+value: Z0123456789/);
    assert.match(pod(graph), /AWS_REGION\s+value: eu-central-1/);
    assert.match(text, /amazon-ssm-eu-central-1\/[\d.]+\/debian_arm64\/amazon-ssm-agent\.deb/);
  });

  test("gives the Pod the machine's own network, and so its credentials; lego asks no resolver that may remember", () => {
    assert.match(pod(graph), /^ {2}hostNetwork: true$/m);
    assert.match(pod(graph), / --dns\.propagation\.disable-rns /);
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

  test("opens 443 to the clients and the metrics to monitoring, each in its family, and nothing else", () => {
    const { ingress, egress, ...inputs } = graph.resource("aws:ec2/securityGroup:SecurityGroup").inputs;
    assert.deepEqual(ingress, [
      {
        description: "registry clients",
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
        cidrBlocks: ["203.0.113.0/24"],
        ipv6CidrBlocks: ["2001:db8::/32"],
      },
      {
        description: "metrics",
        protocol: "tcp",
        fromPort: 9443,
        toPort: 9443,
        cidrBlocks: ["198.51.100.10/32"],
        ipv6CidrBlocks: [],
      },
    ]);
    const out = (egress as { protocol: string; fromPort: number; toPort: number }[]).map(
      ({ protocol, fromPort, toPort }) => `${protocol} ${fromPort}-${toPort}`,
    );
    assert.deepEqual(out, [
      "tcp 53-53",
      "tcp 80-80",
      "tcp 443-443",
      "tcp 5000-5000",
      "udp 53-53",
      "udp 123-123",
    ]);
    // A new group can stand beside the one that is in use.
    assert.equal(inputs.namePrefix, "registry-cache-test-eu-central-1-");
    assert.equal(inputs.name, undefined);
  });

  test("empties the VPC's default security group, and gives S3 a way that costs nothing", () => {
    const unused = graph.resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs;
    assert.equal(unused.ingress, undefined);
    assert.equal(unused.egress, undefined);
    const endpoint = graph.resource("aws:ec2/vpcEndpoint:VpcEndpoint").inputs;
    assert.equal(endpoint.serviceName, "com.amazonaws.eu-central-1.s3");
    assert.equal(endpoint.vpcEndpointType, "Gateway");
  });

  test("is replaced by the runbook's update: the machine, and the records stay away", () => {
    const of = { stack: "aws-eu-central-1", resources: graph.resources };
    assert.deepEqual(takenBy("replace", of), ["aws:ec2/instance:Instance eu-central-1"]);
    assert.deepEqual(takenBy("exclude", of), [
      "aws:route53/record:Record eu-central-1",
      "aws:route53/record:Record eu-central-1-ipv6",
    ]);
  });

  test("points the name at the addresses that stay", () => {
    const record = (name: string) => graph.resource("aws:route53/record:Record", name).inputs;
    const common = { zoneId: "Z0123456789", name: hostname, ttl: 300 };
    assert.deepEqual(record("eu-central-1"), { ...common, type: "A", records: ["192.0.2.7"] });
    assert.deepEqual(record("eu-central-1-ipv6"), {
      ...common,
      type: "AAAA",
      records: ["2001:db8:1:ff00::7"],
    });
    assert.deepEqual(graph.resource("aws:ec2/eipAssociation:EipAssociation").inputs, {
      allocationId: "eipalloc-1",
      networkInterfaceId: "eu-central-1-id",
    });
  });

  test("has broken machines moved, and stuck ones restarted later", () => {
    const alarm = (action: string) =>
      graph.resource("aws:cloudwatch/metricAlarm:MetricAlarm", `eu-central-1-${action}`).inputs;
    assert.deepEqual(alarm("recover").alarmActions, ["arn:aws:automate:eu-central-1:ec2:recover"]);
    assert.deepEqual(alarm("reboot").alarmActions, ["arn:aws:automate:eu-central-1:ec2:reboot"]);
    assert.equal(alarm("recover").metricName, "StatusCheckFailed_System");
    assert.equal(alarm("reboot").metricName, "StatusCheckFailed_Instance");
    assert.ok(Number(alarm("recover").evaluationPeriods) < Number(alarm("reboot").evaluationPeriods));
    assert.deepEqual(alarm("recover").dimensions, { InstanceId: "eu-central-1-id" });
  });
});

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

describe("a region in an existing subnet", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf({ network: existing });
  });

  test("makes no network, and follows the subnet's zone", () => {
    const network = /:(Vpc|Subnet|InternetGateway|Route|RouteTable\w*|VpcEndpoint|DefaultSecurityGroup)$/;
    assert.deepEqual(graph.resources.filter(({ type }) => network.test(type)).map(short), []);
    assert.equal(graph.resource("aws:ec2/securityGroup:SecurityGroup").inputs.vpcId, existing.vpc);
    assert.equal(
      graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.subnetId,
      existing.subnet,
    );
    assert.equal(graph.resource("aws:ebs/volume:Volume").inputs.availabilityZone, "eu-central-1c");
  });

  test("promises no IPv6 where the subnet has none", () => {
    assert.deepEqual(graph.resources.filter(({ type }) => type === "aws:route53/record:Record").map(short), [
      "Record eu-central-1",
    ]);
    assert.equal(
      graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.ipv6AddressCount,
      undefined,
    );
  });
});

test("a prefix list is left to the security group: the edge doesn't know what is in it", async () => {
  const list = "pl-0123456789abcdef0";
  const graph = await graphOf({ access: { clients: ["203.0.113.0/24", list], metrics: [list] } });
  const { ingress } = graph.resource("aws:ec2/securityGroup:SecurityGroup", "eu-central-1").inputs;
  const [clients] = ingress as { cidrBlocks: string[]; prefixListIds: string[] }[];
  assert.deepEqual([clients?.cidrBlocks, clients?.prefixListIds], [["203.0.113.0/24"], [list]]);
  const { ingress: second, egress } = graph.resource(
    "aws:ec2/securityGroup:SecurityGroup",
    "eu-central-1-2",
  ).inputs;
  const [metrics] = second as { fromPort: number; prefixListIds: string[] }[];
  assert.deepEqual([metrics?.fromPort, metrics?.prefixListIds, egress], [9443, [list], []]);
  assert.deepEqual(graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.securityGroups, [
    "eu-central-1-id",
    "eu-central-1-2-id",
  ]);
  assert.doesNotMatch(pod(graph), /pl-0123456789abcdef0|allow 203/);
  assert.equal(pod(graph).match(/allow 0\.0\.0\.0\/0;/g)?.length, 2);
});

test("clients that have no IPv6 are not sent there", async () => {
  const { resources } = await graphOf({ access: { clients: ["203.0.113.0/24"] } });
  assert.deepEqual(resources.filter(({ type }) => type === "aws:route53/record:Record").map(short), [
    "Record eu-central-1",
  ]);
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

test("without a zone, records are left to others", async () => {
  const { resources } = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  assert.ok(!resources.some(({ type }) => type === "aws:route53/record:Record"));
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

test("an image of the configuration is taken as it is", async () => {
  const { resource, resources } = await graphOf({ machine: { image: "ami-0feedfacefeedface" } });
  assert.equal(resource("aws:ec2/instance:Instance").inputs.ami, "ami-0feedfacefeedface");
  assert.ok(!resources.some(({ type }) => type === "pulumi:index:Stash"));
});

/** What holds whatever the configuration says. */
describe("the posture", () => {
  const anywhere = ["0.0.0.0/0", "::/0"];
  const cases: Record<string, Record<string, unknown>> = {
    "own network": {},
    "existing subnet": { network: existing },
    public: { access: { clients: "public" } },
    "provided certificate": {
      endpoint: { hostname, zone: "example.com", tls: { mode: "provided", secretName: "/c" } },
    },
    "private authority": { endpoint: { hostname, tls: { mode: "private" } } },
  };

  for (const [name, change] of Object.entries(cases)) {
    test(`of ${name}`, async () => {
      const { resources, resource } = await graphOf(change);
      const { ingress } = resource("aws:ec2/securityGroup:SecurityGroup").inputs as {
        ingress: { fromPort: number; cidrBlocks: string[]; ipv6CidrBlocks: string[] }[];
      };
      for (const { fromPort, cidrBlocks, ipv6CidrBlocks } of ingress) {
        assert.notEqual(fromPort, 22);
        const open = [...cidrBlocks, ...ipv6CidrBlocks].some((range) => anywhere.includes(range));
        assert.equal(open, name === "public" && fromPort === 443);
      }
      for (const policy of resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy")) {
        for (const { Effect, Action, Resource, Condition } of policyOf(policy).Statement) {
          if (Effect === "Deny") continue;
          // Whichever key it is, it decrypts nothing but one parameter.
          if (Condition?.StringEquals?.["kms:EncryptionContext:PARAMETER_ARN"]) continue;
          assert.doesNotMatch(JSON.stringify(Action), /\*/);
          // Route 53's changes belong to no one.
          if (Action !== "route53:GetChange") assert.doesNotMatch(JSON.stringify(Resource), /\*/);
        }
      }
      assert.equal(resource("aws:ebs/volume:Volume").inputs.encrypted, true);
      const { rootBlockDevice, metadataOptions } = resource("aws:ec2/instance:Instance").inputs as {
        rootBlockDevice: { encrypted: boolean };
        metadataOptions: { httpTokens: string };
      };
      assert.equal(rootBlockDevice.encrypted, true);
      assert.equal(metadataOptions.httpTokens, "required");
      assert.ok(!resources.some(({ type }) => type.endsWith(":KeyPair")));
    });
  }
});

function pod({ resource }: AwsGraph): string {
  return String(resource("aws:s3/bucketObjectv2:BucketObjectv2").inputs.content);
}

function userData({ resource }: AwsGraph): string {
  const packed = Buffer.from(String(resource("aws:ec2/instance:Instance").inputs.userDataBase64), "base64");
  assert.ok(packed.length <= 16_384);
  return gunzipSync(packed).toString();
}
