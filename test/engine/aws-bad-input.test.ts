/** What is wrong is told, with its place and the way out, before anything is created. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { existing } from "../doubles/aws/account.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { type CloudStack, cloudStack, stackFiles } from "../support/cloud-stack.ts";
import { privateUpstream } from "../support/private-stack.ts";
import { withPreview } from "../support/project.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
const [file] = stackFiles("aws");
let stack: CloudStack;

before(async () => {
  stack = parts.use(await cloudStack(file, awsCloud()));
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
      name: "eu_central_1",
      network: { subnet: existing.subnet },
      storage: { kind: "disk", size: "70000GiB" },
      endpoint: { hostname: "cache.example.org", zone: "example.com", tls: { mode: "private" } },
      access: { clients: ["203.0.113.1/24", "everyone"] },
    },
    told: [
      /regions\[0\]\.name: "eu_central_1" is not an AWS region: write its code, like eu-central-1/,
      /regions\[0\]\.network\.vpc: is missing/,
      /regions\[0\]\.storage\.size: "70000GiB" is more than one disk can have: at most 65536GiB/,
      /regions\[0\]\.endpoint\.zone: doesn't contain the host name/,
      /regions\[0\]\.access\.clients\[0\]: /,
      /regions\[0\]\.access\.clients\[1\]: /,
      /upstreams\[0\]\.credentials: names the key "team-login".*pulumi config set --secret --path/,
    ],
  },
  "all that AWS doesn't have": {
    region: {
      name: "eu-centrall-1",
      machine: { type: "m7g.larg" },
    },
    told: [
      /regions\[0\]\.name: "eu-centrall-1" is not a region of the public AWS cloud: did you mean "eu-central-1"\?/,
      /regions\[0\]\.machine\.type: .*did you mean "m7g\.large"/,
    ],
  },
  "a subnet of another network": {
    region: { network: { vpc: existing.otherVpc, subnet: existing.subnet } },
    told: [/eu-central-1: network\.subnet: subnet-0a+ is in vpc-0a+, not in network\.vpc, vpc-0b+/],
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
