/** A stack with all that can be asked for, in an account that doesn't give it all at once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { existing } from "../doubles/azure/account.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { unpackedUserData } from "../doubles/checks.ts";
import { CloudError, type Fault } from "../doubles/cloud.ts";
import { valueAt } from "../doubles/values.ts";
import { type CloudStack, cloudStack, stackFiles } from "../support/cloud-stack.ts";
import { azureViolations } from "../support/posture.ts";
import { assertNoDuplicates, assertSecret, credentials, privateUpstream } from "../support/private-stack.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
const cloud = azureCloud();
const [file] = stackFiles("azure");
let stack: CloudStack;

const region = {
  network: { vnet: existing.virtualNetwork, subnet: existing.subnet },
  endpoint: {
    hostname: "cache.westeurope.example.com",
    zone: existing.zone,
    zoneResourceGroup: existing.zoneResourceGroup,
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
    type: "azure-native:resources:ResourceGroup",
    error: new CloudError(
      "InvalidResourceGroupLocation",
      "The resource group already exists in location 'northeurope'.",
    ),
  },
  "too many requests": {
    kind: "create",
    after: 3,
    error: new CloudError("TooManyRequests", "The request is being throttled."),
  },
  "a quota that is used up": {
    kind: "create",
    type: "azure-native:compute:VirtualMachine",
    error: new CloudError(
      "OperationNotAllowed",
      "Operation could not be completed: exceeding approved Cores quota.",
    ),
  },
  "a zone without machines": {
    kind: "create",
    type: "azure-native:compute:VirtualMachine",
    error: new CloudError("ZonalAllocationFailed", "We do not have sufficient capacity in this zone."),
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
  const exposure = { clients: ["0.0.0.0/0"], metrics: region.access.metrics };
  assert.deepEqual(azureViolations(cloud.things(), exposure), []);
  // Without it in the configuration, the same is not allowed.
  const violations = azureViolations(cloud.things(), { clients: [], metrics: [] });
  assert.deepEqual(violations, ["port 443 is open to 0.0.0.0/0", "port 9443 is open to 198.51.100.0/24"]);
});

test("credentials are in Key Vault, and nowhere to be read", async () => {
  const secret = cloud.things().find(({ type }) => type === "azure-native:keyvault:Secret");
  assert.match(String(valueAt("properties.value", secret?.inputs)), new RegExp(credentials.password));
  const [machine] = cloud.things("azure-native:compute:VirtualMachine");
  await assertSecret(stack, unpackedUserData(String(valueAt("osProfile.customData", machine?.inputs))));
});

test("another password is a change of the secret only", async () => {
  await stack.setSecret("registry-cache:team-login.password", "another");
  const { changes, messages } = await stack.run("preview");
  assert.deepEqual(changes, ["update Secret westeurope-team"], messages);
});

test("what was destroyed can be made again, though the deleted vault keeps its name", async () => {
  await stack.pulumi("state", "unprotect", "--all", "--yes");
  for (const operation of ["destroy", "up"] as const) {
    const { failed, messages } = await stack.run(operation);
    assert.ok(!failed, messages);
  }
});
