/** A stack with all that can be asked for, in an account that doesn't give it all at once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { existing } from "../doubles/aws/account.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { unpackedUserData } from "../doubles/checks.ts";
import { CloudError, type Fault } from "../doubles/cloud.ts";
import { type CloudStack, cloudStack, stackFiles } from "../support/cloud-stack.ts";
import { awsViolations } from "../support/posture.ts";
import { assertNoDuplicates, assertSecret, credentials, privateUpstream } from "../support/private-stack.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
const cloud = awsCloud();
const [file] = stackFiles("aws");
let stack: CloudStack;

const region = {
  network: { vpc: existing.vpc, subnet: existing.subnet },
  endpoint: {
    hostname: "cache.eu-central-1.example.com",
    zone: existing.zone.name,
    tls: { mode: "provided", secretName: existing.certificate },
  },
  access: { clients: "public", metrics: ["198.51.100.0/24"] },
};

before(async () => {
  stack = parts.use(await cloudStack(file, cloud));
  await stack.configure({ upstreams: [privateUpstream] }, region);
  await stack.setSecret("registry-cache:team-login.username", credentials.username);
  await stack.setSecret("registry-cache:team-login.password", credentials.password);
});

/** Each is met on the way, as what it is about needs what failed before. */
const faults: Record<string, Fault> = {
  "a name that is taken": {
    kind: "create",
    type: "aws:iam/role:Role",
    error: new CloudError(
      "EntityAlreadyExists",
      "Role with name registry-cache-eu-central-1 already exists.",
    ),
  },
  "too many requests": {
    kind: "create",
    after: 3,
    error: new CloudError("Throttling", "Rate exceeded"),
  },
  "a quota that is used up": {
    kind: "create",
    type: "aws:ec2/instance:Instance",
    error: new CloudError(
      "VcpuLimitExceeded",
      "You have requested more vCPU capacity than your current limit of 0",
    ),
  },
  "a zone without machines": {
    kind: "create",
    type: "aws:ec2/instance:Instance",
    error: new CloudError(
      "InsufficientInstanceCapacity",
      "We currently do not have sufficient capacity in the zone",
    ),
  },
};

for (const [what, fault] of Object.entries(faults)) {
  test(`${what}: up fails and says so`, async () => {
    cloud.fail(fault);
    const { failed, messages } = await stack.run("up");
    assert.ok(failed, messages);
    assert.ok(messages.includes(fault.error.message), messages);
  });
}

test("the next up makes the rest, and nothing twice", async () => {
  const { failed, messages } = await stack.run("up");
  assert.ok(!failed, messages);
  assertNoDuplicates(stack);
  const again = await stack.run("preview", ["--expect-no-changes"]);
  assert.ok(!again.failed, again.messages);
});

test("it is open to those that the configuration names, and closed otherwise", () => {
  const everyone = ["0.0.0.0/0", "::/0"];
  assert.deepEqual(awsViolations(cloud.things(), { clients: everyone, metrics: region.access.metrics }), []);
  // Without it in the configuration, the same is not allowed.
  const violations = awsViolations(cloud.things(), { clients: [], metrics: [] });
  const open = [
    "port 443 is open to 0.0.0.0/0",
    "port 443 is open to ::/0",
    "port 9443 is open to 198.51.100.0/24",
  ];
  assert.deepEqual(violations.sort(), open);
});

test("credentials are in Parameter Store, and nowhere to be read", async () => {
  const [parameter] = cloud.things("aws:ssm/parameter:Parameter").filter(({ name }) => name !== undefined);
  assert.match(String(parameter?.inputs.value), new RegExp(credentials.password));
  const [machine] = cloud.things("aws:ec2/instance:Instance");
  await assertSecret(stack, unpackedUserData(String(machine?.inputs.userDataBase64)));
});

test("another password is a change of the parameter only", async () => {
  await stack.setSecret("registry-cache:team-login.password", "another");
  const { changes, messages } = await stack.run("preview");
  assert.deepEqual(changes, ["update Parameter eu-central-1-team"], messages);
});
