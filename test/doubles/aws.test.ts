/** The double must refuse what AWS refuses. Otherwise, a stack that passes proves nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsCloud } from "./aws/aws.ts";
import { accountId, existing } from "./aws/existing.ts";
import { make, pendingImage, policyOf, region, rule, things, userData } from "./aws-things.ts";
import type { Thing } from "./cloud.ts";
import { testRefusals } from "./refusals.ts";
import type { Inputs } from "./values.ts";

test("refuses a provider in a region that the account hasn't enabled", () => {
  const { admitProvider } = awsCloud().definition;
  assert.throws(() => admitProvider?.({ region: "af-south-1" }), /security token .* is invalid/);
  admitProvider?.({ region: "eu-south-2" });
});

test("imports by the id from the provider's documentation, and returns what AWS tells", () => {
  const { cloud, things } = make();
  const { machine, disk, attachment } = things;
  assert.ok(machine && disk && attachment);
  const composed = `/dev/sdf:${disk.id}:${machine.id}`;
  assert.equal(cloud.read(attachment.type, composed, region)?.id, attachment.id);
  assert.equal(cloud.read(attachment.type, attachment.id, region), undefined);
  assert.equal(cloud.read(machine.type, "i-0", region), undefined);
  assert.equal(cloud.read(machine.type, machine.id, "eu-west-1"), undefined);
  const { userDataBase64, ...told } = cloud.read(machine.type, machine.id, region)?.inputs ?? {};
  assert.equal(userDataBase64, undefined);
  assert.equal(told.instanceType, "m7g.large");
});

testRefusals(make, {
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
  "more vCPUs than the account may have": {
    of: "machine",
    with: { instanceType: "c7gn.16xlarge" },
    says: /VcpuLimitExceeded: .* vCPU limit of 64 /,
  },
  "an image that isn't made yet": {
    of: "machine",
    with: { ami: pendingImage },
    says: /InvalidAMIID\.Unavailable: .* is pending/,
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
  "a parameter name with a space": { of: "parameter", with: { name: "/a b" }, says: /Parameter name/ },
});

test("refuses to delete resources in use", () => {
  const { cloud, things } = make();
  for (const name of ["disk", "interface", "role", "profile"]) {
    const { type, id, scope } = things[name] as Thing;
    assert.throws(() => cloud.delete(type, id, scope), /DependencyViolation/, name);
  }
  const { type, id, scope } = things.attachment as Thing;
  assert.throws(() => cloud.delete(type, id, scope), /VolumeInUse: .* is mounted/);
});

test("refuses a machine that reads a parameter under a customer's key without a right to decrypt that parameter", () => {
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

test("replaces a machine for new user data only if its inputs say so", () => {
  const { cloud } = make();
  const { type, inputs } = things.machine as Thing;
  const changed = { ...inputs, userDataBase64: userData("#cloud-config\n{a: 1}\n") };
  assert.deepEqual([...cloud.diff(type, inputs, changed)], [["userDataBase64", { replaces: true }]]);
  const kept = { ...inputs, userDataReplaceOnChange: false };
  const differences = cloud.diff(type, kept, { ...changed, userDataReplaceOnChange: false });
  assert.deepEqual([...differences], [["userDataBase64", { replaces: false }]]);
});
