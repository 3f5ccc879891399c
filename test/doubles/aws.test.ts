/** That the double refuses: what it lets pass proves nothing otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { foreignBucket } from "./aws/account.ts";
import { awsCloud } from "./aws/aws.ts";
import { accountId, existing } from "./aws/existing.ts";
import { everywhere, type Thing } from "./cloud.ts";
import { type Made, testRefusals } from "./refusals.ts";
import type { Inputs } from "./values.ts";

const region = "eu-central-1";
const userData = (text: string) => gzipSync(text).toString("base64");
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
});

const storeName = `cache-${accountId}-${region}-an`;
const expiry = { id: "expire", status: "Enabled", filter: {}, expiration: { days: 90 } };
const policyOf = (Statement: Inputs) => JSON.stringify({ Version: "2012-10-17", Statement });

function make(): Made {
  const cloud = awsCloud();
  const things: Record<string, Thing> = {};
  const add = (name: string, type: string, inputs: Inputs) => {
    assert.deepEqual(cloud.check(type, inputs, region), []);
    things[name] = cloud.create(type, name, inputs, region);
    return things[name].id;
  };
  const group = add("group", "aws:ec2/securityGroup:SecurityGroup", {
    namePrefix: "cache-",
    description: "Registry cache",
    vpcId: existing.vpc,
    ingress: [
      { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["203.0.113.0/24"], description: "clients" },
    ],
  });
  const wire = add("interface", "aws:ec2/networkInterface:NetworkInterface", {
    subnetId: existing.subnet,
    securityGroups: [group],
  });
  const disk = add("disk", "aws:ebs/volume:Volume", {
    availabilityZone: `${region}b`,
    type: "gp3",
    size: 100,
    iops: 3000,
    throughput: 125,
    encrypted: true,
  });
  const role = add("role", "aws:iam/role:Role", { name: "cache", assumeRolePolicy: trust });
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "ssm:GetParameter", Resource: "*" }],
  };
  add("policy", "aws:iam/rolePolicy:RolePolicy", { name: "own", role, policy: JSON.stringify(policy) });
  const iamInstanceProfile = add("profile", "aws:iam/instanceProfile:InstanceProfile", {
    name: "cache",
    role,
  });
  const ami = cloud.things("ami").find((it) => it.scope === region && it.inputs.architecture === "arm64")?.id;
  const instanceId = add("machine", "aws:ec2/instance:Instance", {
    ami,
    instanceType: "m7g.large",
    iamInstanceProfile,
    primaryNetworkInterface: { networkInterfaceId: wire },
    userDataBase64: userData("#cloud-config\n{}\n"),
    userDataReplaceOnChange: true,
    metadataOptions: { httpTokens: "required", instanceMetadataTags: "enabled" },
    tags: { Name: "cache" },
  });
  add("attachment", "aws:ec2/volumeAttachment:VolumeAttachment", {
    instanceId,
    volumeId: disk,
    deviceName: "/dev/sdf",
  });
  add("record", "aws:route53/record:Record", {
    zoneId: existing.zone.id,
    name: "cache.example.com",
    type: "A",
    ttl: 300,
    records: ["198.51.100.1"],
  });
  add("parameter", "aws:ssm/parameter:Parameter", {
    name: "/cache/credentials",
    type: "SecureString",
    value: "{}",
  });
  const bucket = add("bucket", "aws:s3/bucket:Bucket", { bucketPrefix: "cache-" });
  add("object", "aws:s3/bucketObjectv2:BucketObjectv2", { bucket, key: "pod.yaml", content: "kind: Pod" });
  const store = add("store", "aws:s3/bucket:Bucket", {
    bucket: storeName,
    bucketNamespace: "account-regional",
  });
  add("block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
    bucket: store,
    blockPublicPolicy: true,
  });
  add("ownership", "aws:s3/bucketOwnershipControls:BucketOwnershipControls", {
    bucket: store,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  add(
    "encryption",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    {
      bucket: store,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    },
  );
  add("bucketPolicy", "aws:s3/bucketPolicy:BucketPolicy", {
    bucket: store,
    policy: policyOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: `arn:aws:s3:::${store}/*` }),
  });
  add("lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {
    bucket: store,
    rules: [expiry],
  });
  cloud.keep({ type: foreignBucket, id: "theirs", scope: everywhere, inputs: {}, outputs: {} });
  return { cloud, things };
}

const { things } = make();
const rule = { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["203.0.113.0/24"] };

test("refuses a provider in a region that the account hasn't enabled", () => {
  const { admitProvider } = awsCloud().definition;
  assert.throws(() => admitProvider?.({ region: "af-south-1" }), /security token .* is invalid/);
  admitProvider?.({ region: "eu-south-2" });
});

testRefusals(make, {
  "an input that it doesn't have": { of: "disk", with: { sizeGiB: 1 }, says: /sizeGiB is not an input/ },
  "a missing input": {
    of: "disk",
    with: { availabilityZone: undefined },
    says: /availabilityZone is required/,
  },
  "a value of another type": { of: "disk", with: { size: "100" }, says: /size must be number/ },
  "a reference to nothing": { of: "group", with: { vpcId: "vpc-0" }, says: /NotFound: vpcId/ },
  "a range with bits behind its length": {
    of: "group",
    with: { ingress: [{ ...rule, cidrBlocks: ["203.0.113.1/24"] }] },
    says: /CIDR block 203\.0\.113\.1\/24 is malformed/,
  },
  "more rules than a group may have": {
    of: "group",
    with: {
      ingress: [{ ...rule, cidrBlocks: Array.from({ length: 61 }, (_, index) => `10.0.${index}.0/24`) }],
    },
    says: /RulesPerSecurityGroupLimitExceeded: .* 61 ingress rules/,
  },
  "more rules than a group may have, with the room of a prefix list": {
    of: "group",
    with: {
      ingress: [
        {
          ...rule,
          cidrBlocks: Array.from({ length: 41 }, (_, index) => `10.0.${index}.0/24`),
          prefixListIds: [existing.prefixList],
        },
      ],
    },
    says: /RulesPerSecurityGroupLimitExceeded: .* 61 ingress rules/,
  },
  "more rules than a group may have, with a list of AWS's own": {
    of: "group",
    with: {
      ingress: [
        {
          ...rule,
          cidrBlocks: Array.from({ length: 6 }, (_, index) => `10.0.${index}.0/24`),
          prefixListIds: [existing.cloudFrontList],
        },
      ],
    },
    says: /RulesPerSecurityGroupLimitExceeded: .* 61 ingress rules/,
  },
  "a prefix list that isn't there": {
    of: "group",
    with: { ingress: [{ ...rule, prefixListIds: ["pl-0"] }] },
    says: /NotFound: ingress\[\*\]\.prefixListIds/,
  },
  "more groups than an interface may have": {
    of: "interface",
    with: { securityGroups: Array.from({ length: 6 }, () => things.group?.id) },
    says: /SecurityGroupsPerInterfaceLimitExceeded: 6 security groups/,
  },
  "an impossible port": {
    of: "group",
    with: { ingress: [{ ...rule, toPort: 70_000 }] },
    says: /Invalid TCP\/UDP ports/,
  },
  "a description with a character that EC2 doesn't take": {
    of: "group",
    with: { ingress: [{ ...rule, description: "clients' nodes" }] },
    says: /Invalid security group description/,
  },
  "a disk in another region": {
    of: "disk",
    with: { availabilityZone: "eu-west-1a" },
    says: /zone eu-west-1a/,
  },
  "more throughput than IOPS carry": {
    of: "disk",
    with: { throughput: 1000 },
    says: /1000 MiB\/s with 3000 IOPS/,
  },
  "a disk that is too large": { of: "disk", with: { size: 70_000 }, says: /Volume of 70000GiB/ },
  "a second use of a disk": { of: "attachment", with: {}, says: /VolumeInUse/ },
  "a second use of an interface": { of: "machine", with: {}, says: /InvalidNetworkInterface\.InUse/ },
  "user data that is too large": {
    of: "machine",
    with: { userDataBase64: Buffer.alloc(16_385).toString("base64") },
    says: /it has 16385 bytes and 16384 are allowed/,
  },
  "user data that isn't compressed": {
    of: "machine",
    with: { userDataBase64: Buffer.from("#cloud-config\n{}").toString("base64") },
    says: /InvalidUserData/,
  },
  "a tag that the metadata service can't show": {
    of: "machine",
    with: { tags: { "cache/part": "x" } },
    says: /can't be tags in the instance's metadata/,
  },
  "an image for another processor": {
    of: "machine",
    with: { instanceType: "m7i.large" },
    says: /architecture 'arm64'/,
  },
  "a role name that is too long": { of: "role", with: { name: "x".repeat(65) }, says: /role name/ },
  "a name twice": { of: "role", with: {}, says: /AlreadyExists/ },
  "a policy that isn't JSON": {
    of: "policy",
    with: { name: "b", policy: "{" },
    says: /MalformedPolicyDocument/,
  },
  "a policy without resources": {
    of: "policy",
    with: {
      name: "b",
      policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:GetParameter"}]}',
    },
    says: /one of Resource and NotResource/,
  },
  "a record outside the zone": {
    of: "record",
    with: { name: "cache.example.org" },
    says: /not permitted in zone/,
  },
  "a bucket name that is too long": {
    of: "bucket",
    with: { bucketPrefix: "x".repeat(38) },
    says: /InvalidBucketName/,
  },
  "an object in no bucket": { of: "object", with: { bucket: "other" }, says: /NotFound: bucket/ },
  "a bucket name that another account has": {
    of: "store",
    with: { bucket: "theirs", bucketNamespace: "global" },
    says: /BucketAlreadyExists/,
  },
  "a name of the account's namespace without its ending": {
    of: "store",
    with: { bucket: "cache" },
    says: /InvalidBucketNamespace/,
  },
  "a name with that ending in the namespace of all": {
    of: "store",
    with: { bucketNamespace: "global" },
    says: /InvalidBucketNamespace/,
  },
  "a setting twice for a bucket": { of: "ownership", with: {}, says: /AlreadyExists/ },
  "an ownership that there isn't": {
    of: "ownership",
    with: { rule: { objectOwnership: "Mine" } },
    says: /objectOwnership Mine/,
  },
  "an encryption that there isn't": {
    of: "encryption",
    with: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "DES" } }] },
    says: /SSE DES/,
  },
  "a bucket's policy about nobody": {
    of: "bucketPolicy",
    with: { policy: policyOf({ Effect: "Deny", Action: "s3:*", Resource: `arn:aws:s3:::${storeName}` }) },
    says: /Principal .* is needed in a bucket's/,
  },
  "a bucket's policy about another one": {
    of: "bucketPolicy",
    with: {
      policy: policyOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::other" }),
    },
    says: /invalid resource/,
  },
  "a policy that makes a blocked bucket public": {
    of: "bucketPolicy",
    with: {
      policy: policyOf({
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${storeName}/*`,
      }),
    },
    says: /AccessDenied/,
  },
  "a lifecycle rule that does nothing": {
    of: "lifecycle",
    with: { rules: [{ ...expiry, expiration: {} }] },
    says: /At least one action/,
  },
  "a lifecycle rule by no days": {
    of: "lifecycle",
    with: { rules: [{ ...expiry, expiration: { days: 0 } }] },
    says: /positive integer/,
  },
  "two lifecycle rules of one name": {
    of: "lifecycle",
    with: { rules: [expiry, expiry] },
    says: /Rule IDs/,
  },
  "a parameter name with a space": { of: "parameter", with: { name: "/a b" }, says: /Parameter name/ },
});

test("what is in use isn't deleted", () => {
  const { cloud, things } = make();
  for (const name of ["disk", "interface", "role", "profile"]) {
    const { type, id, scope } = things[name] as Thing;
    assert.throws(() => cloud.delete(type, id, scope), /DependencyViolation/, name);
  }
  const { type, id, scope } = things.attachment as Thing;
  assert.throws(() => cloud.delete(type, id, scope), /VolumeInUse: .* is mounted/);
});

test("a bucket with something in it isn't deleted, unless it says that this doesn't matter", () => {
  const { cloud, things } = make();
  const { type, id, scope, inputs } = things.bucket as Thing;
  assert.throws(() => cloud.delete(type, id, scope), /BucketNotEmpty/);
  cloud.update(type, id, { ...inputs, forceDestroy: true }, scope);
  cloud.delete(type, id, scope);
});

test("a bucket's settings go with it; another account's can be seen and not looked at", () => {
  const { cloud, things } = make();
  const { type, id, scope } = things.store as Thing;
  const look = (bucket: string) => cloud.invoke("aws:s3/getBucket:getBucket", { bucket }, scope);
  assert.equal(look(id).bucket, id);
  assert.throws(() => look("theirs"), /StatusCode: 403/);
  cloud.delete(type, id, scope);
  assert.equal(cloud.find((things.lifecycle as Thing).type, id, scope), undefined);
  assert.throws(() => look(id), /couldn't find resource/);
});

test("a machine reads what is under a customer's key only by a right to decrypt that", () => {
  const { cloud, things } = make();
  const { type, inputs } = things.machine as Thing;
  const { inputs: wire } = things.interface as Thing;
  const interfaceType = "aws:ec2/networkInterface:NetworkInterface";
  const networkInterfaceId = cloud.create(interfaceType, "other", wire, region).id;
  const start = () =>
    cloud.create(type, "other", { ...inputs, primaryNetworkInterface: { networkInterfaceId } }, region);
  const arn = `arn:aws:ssm:${region}:${accountId}:parameter${existing.certificate}`;
  const allow = (name: string, statement: Inputs) =>
    cloud.create(
      "aws:iam/rolePolicy:RolePolicy",
      name,
      { name, role: "cache", policy: policyOf({ Effect: "Allow", ...statement }) },
      region,
    );
  const decrypt = (parameter: string) => ({
    Action: "kms:Decrypt",
    Resource: `arn:aws:kms:${region}:*:key/*`,
    Condition: { StringEquals: { "kms:EncryptionContext:PARAMETER_ARN": parameter } },
  });
  allow("read", { Action: "ssm:GetParameter", Resource: arn });
  assert.throws(start, /AccessDeniedException: the ciphertext of .*cache-certificate/);
  allow("decrypt-another", decrypt(`${arn}-2`));
  assert.throws(start, /AccessDeniedException/);
  allow("decrypt", decrypt(arn));
  start();
});

test("a disk doesn't shrink", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.disk as Thing;
  assert.throws(() => cloud.update(type, id, { ...inputs, size: 99 }, region), /cannot be smaller/);
});

test("another user data is another machine only if it says so", () => {
  const { cloud } = make();
  const { type, inputs } = things.machine as Thing;
  const changed = { ...inputs, userDataBase64: userData("#cloud-config\n{a: 1}\n") };
  assert.deepEqual([...cloud.diff(type, inputs, changed)], [["userDataBase64", { replaces: true }]]);
  const kept = { ...inputs, userDataReplaceOnChange: false };
  const differences = cloud.diff(type, kept, { ...changed, userDataReplaceOnChange: false });
  assert.deepEqual([...differences], [["userDataBase64", { replaces: false }]]);
});
