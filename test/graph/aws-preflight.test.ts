/** What of a region in AWS is refused before anything is made. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { preflight } from "../../components/hosts/aws/preflight.ts";
import type { AwsVmRegion, VmPlanArgs } from "../../components/hosts/aws/vm-args.ts";

function argsWith(change: Record<string, unknown>, upstreams: Record<string, unknown>[] = []): VmPlanArgs {
  const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };
  const config = parseConfig({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", zone: "example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
    upstreams: [gsoci, ...upstreams],
  });
  return { ...config, region: config.regions[0] as AwsVmRegion };
}

test("a region that has all it needs", () => {
  assert.deepEqual(preflight(argsWith({})), []);
});

test("a region that isn't there, or is in a part of AWS of its own", () => {
  assert.deepEqual(preflight(argsWith({ name: "eu-centrall-1" })), [
    {
      path: "name",
      message: '"eu-centrall-1" is not a region of the public AWS cloud: did you mean "eu-central-1"?',
    },
  ]);
  assert.equal(preflight(argsWith({ name: "us-gov-west-1" }))[0]?.path, "name");
});

test("a bucket, which a machine doesn't have", () => {
  assert.deepEqual(
    preflight(argsWith({ storage: { kind: "bucket" } })).map(({ path }) => path),
    ["storage.kind"],
  );
});

test("a machine that isn't known", () => {
  const [problem] = preflight(argsWith({ machine: { type: "m7g.larg" } }));
  assert.equal(problem?.path, "machine.type");
  assert.match(problem.message, /m7g\.large/);
});

test("a disk that would shrink, but not one that stays or grows", () => {
  assert.deepEqual(preflight(argsWith({}), 240), []);
  assert.deepEqual(preflight(argsWith({}), 200), []);
  const [problem] = preflight(argsWith({}), 300);
  assert.equal(problem?.path, "storage.size");
  assert.match(problem.message, /has 300GiB and can't shrink to 240GiB/);
});

test("more upstreams than the user data has room for", () => {
  // Names that don't compress.
  const many = Array.from({ length: 120 }, (_, index) => {
    const text = Buffer.from(String(index * 7919)).toString("hex");
    return { name: `u${text}`, registry: `r${text}.example.com`, repositories: [`${text}/**`] };
  });
  const [problem] = preflight(argsWith({}, many));
  assert.equal(problem?.path, "topology");
  assert.match(problem.message, /user data has \d+ bytes, compressed, and the cloud takes 16384/);
});
