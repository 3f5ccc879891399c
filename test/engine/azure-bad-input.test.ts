/** What is wrong is told, with its place and the way out, before anything is created. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { existing } from "../doubles/azure/account.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { type CloudStack, cloudStack, stackFiles } from "../support/cloud-stack.ts";
import { privateUpstream } from "../support/private-stack.ts";
import { withPreview } from "../support/project.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
const [file] = stackFiles("azure");
let stack: CloudStack;

before(async () => {
  stack = parts.use(await cloudStack(file, azureCloud()));
});

interface Mistake {
  readonly keys?: Record<string, unknown>;
  readonly region: Record<string, unknown>;
  readonly told: readonly RegExp[];
}

const mistakes: Record<string, Mistake> = {
  "all that is wrong with the text": {
    keys: { upstreams: [privateUpstream] },
    region: {
      name: "West Europe",
      subscription: "mine",
      availabilityZone: "4",
      network: { subnet: existing.subnet },
      storage: { kind: "disk", size: "70000GiB" },
      endpoint: { hostname: "cache.example.org", zone: "example.com", tls: { mode: "private" } },
    },
    told: [
      /regions\[0\]\.name: "West Europe" is not an Azure region: write its programmatic name, like westeurope/,
      /regions\[0\]\.subscription: "mine" is not the id of a subscription/,
      /regions\[0\]\.availabilityZone: must be one of "1", "2", "3"/,
      /regions\[0\]\.network\.vnet: is missing/,
      /regions\[0\]\.storage\.size: "70000GiB" is more than one disk can have: at most 65536GiB/,
      /regions\[0\]\.endpoint\.zone: doesn't contain the host name/,
      /upstreams\[0\]\.credentials: names the key "team-login".*pulumi config set --secret --path/,
    ],
  },
  "all that Azure doesn't have": {
    region: {
      name: "westeuropa",
      machine: { type: "Standard_D2ps_v66" },
      access: { clients: ["2001:db8::/32"] },
    },
    told: [
      /regions\[0\]\.name: "westeuropa" is not a region of the public Azure cloud: did you mean "westeurope"\?/,
      /regions\[0\]\.machine\.type: .*did you mean "Standard_D2ps_v6"/,
      /regions\[0\]\.access\.clients: has no IPv4 range/,
    ],
  },
};

for (const [what, { keys = {}, region, told }] of Object.entries(mistakes)) {
  test(`${what} is told before anything is created`, async () => {
    await stack.configure(keys, region);
    const { failed, messages } = await stack.run("up", [withPreview]);
    assert.ok(failed);
    for (const text of told) assert.match(messages, text);
    assert.doesNotMatch(messages, /\n +at /, "no stack trace");
    assert.deepEqual(stack.done(), []);
  });
}
