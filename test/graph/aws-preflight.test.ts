/** What is refused of a region in AWS before any change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { shrinkingProblems } from "../../components/hosts/vm/plan.ts";
import { planRequest } from "../support/plan-request.ts";

function requestWith(change: Record<string, unknown>, upstreams: Record<string, unknown>[] = []) {
  const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };
  return planRequest("aws vm", {
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
    ...(upstreams.some((it) => it.credentials) && {
      login: { username: "reader", password: { secure: "v1:x" } },
    }),
  });
}

function preflight(request: ReturnType<typeof requestWith>, previousDiskGiB?: number) {
  const { plan, problems } = planAwsVm(request);
  const shrinking = shrinkingProblems(plan, previousDiskGiB);
  return [...problems, ...shrinking];
}

test("accepts a complete region", () => {
  assert.deepEqual(preflight(requestWith({})), []);
  assert.deepEqual(planAwsVm(requestWith({})).warnings, []);
});

test("refuses an unknown region, and one in another partition of AWS", () => {
  assert.deepEqual(preflight(requestWith({ name: "eu-centrall-1" })), [
    {
      path: "name",
      message: '"eu-centrall-1" is not a region of the public AWS cloud: did you mean "eu-central-1"?',
    },
  ]);
  for (const name of ["us-gov-west-1", "cn-north-1", "eusc-de-east-1"]) {
    const message = `"${name}" is in a part of AWS with names, addresses and services of its own, which isn't supported: docs/governance.md says what is missing`;
    assert.deepEqual(preflight(requestWith({ name })), [{ path: "name", message }]);
  }
});

test("refuses a bucket in place of a larger disk until the disk is given up", () => {
  const storage = { kind: "bucket" };
  assert.deepEqual(preflight(requestWith({ storage })), []);
  assert.deepEqual(preflight(requestWith({ storage }), 20), []);
  assert.deepEqual(preflight(requestWith({ storage }), 240), [
    {
      path: "storage.kind",
      message:
        "the disk has 240GiB and can't shrink to 20GiB, which is enough with a bucket: first give up the disk and its content (docs/upgrading.md)",
    },
  ]);
});

test("leaves an unknown machine type to AWS", () => {
  const request = requestWith({ machine: { type: "m9g.large" } });
  assert.deepEqual(preflight(request), []);
  const [warning, ...others] = planAwsVm(request).warnings;
  assert.match(warning?.message ?? "", /^the limits of "m9g\.large" aren't known\. /);
  assert.deepEqual(others, []);
});

test("refuses to shrink a disk, and accepts one that stays or grows", () => {
  assert.deepEqual(preflight(requestWith({}), 240), []);
  assert.deepEqual(preflight(requestWith({}), 200), []);
  const [problem] = preflight(requestWith({}), 300);
  assert.equal(problem?.path, "storage.size");
  assert.match(problem.message, /has 300GiB and can't shrink to 240GiB/);
});

/** Upstreams with names that don't compress. */
function scattered(count: number, more: Record<string, unknown> = {}) {
  return Array.from({ length: count }, (_, index) => {
    const text = Buffer.from(String(index * 7919)).toString("hex");
    return { name: `u${text}`, registry: `r${text}.example.com`, repositories: [`${text}/**`], ...more };
  });
}

test("accepts as many upstreams as anybody has, up to the size of a role's policy", () => {
  assert.deepEqual(preflight(requestWith({}, scattered(120))), []);
  const login = { credentials: "login" };
  assert.deepEqual(preflight(requestWith({}, scattered(20, login))), []);
  const [problem] = preflight(requestWith({}, scattered(60, login)));
  assert.equal(problem?.path, "topology");
  assert.match(problem.message, /rights on 61 secrets take \d+ characters, and a role takes 10240/);
});
