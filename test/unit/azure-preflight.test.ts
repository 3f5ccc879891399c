import assert from "node:assert/strict";
import { test } from "node:test";
import { planAzureVm } from "../../components/hosts/azure/vm/plan.ts";
import { shrinkingProblems } from "../../components/hosts/vm/plan.ts";
import { planRequest } from "../support/plan-request.ts";

const endpoint = {
  hostname: "cache.example.com",
  zone: "example.com",
  zoneResourceGroup: "dns",
  tls: { mode: "acme", email: "platform@example.com" },
};

function problemsOf(
  change: Record<string, unknown>,
  upstreams = manyUpstreams(1),
  previousDiskGiB?: number,
): string[] {
  const { plan, problems } = planned(change, upstreams);
  const shrinking = shrinkingProblems(plan, previousDiskGiB);
  return [...problems, ...shrinking].map(({ path, message }) => `${path}: ${message}`);
}

function planned(change: Record<string, unknown>, upstreams = manyUpstreams(1)) {
  const request = planRequest("azure vm", {
    provider: "azure",
    upstreams,
    regions: [
      {
        name: "westeurope",
        topology: "vm",
        storage: { kind: "disk" },
        endpoint,
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
  });
  return planAzureVm(request);
}

function manyUpstreams(count: number, globsEach = 1) {
  return Array.from({ length: count }, (_, index) => ({
    name: `team-${index}`,
    registry: `team-${index}.example.com`,
    repositories: Array.from({ length: globsEach }, (_, glob) => `${scattered(index * globsEach + glob)}/**`),
  }));
}

/** Texts that don't compress. */
function scattered(seed: number): string {
  return Buffer.from(String(Math.sin(seed + 1))).toString("hex");
}

test("accepts an ordinary region", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({}, manyUpstreams(1), 240), []);
});

test("reports everything that is wrong, each with its path", () => {
  const ranges = (count: number) =>
    Array.from({ length: count }, (_, index) => `10.${index >> 8}.${index % 256}.0/24`);
  const cases: [Record<string, unknown>, RegExp[]][] = [
    [{ name: "westeurop" }, [/^name: "westeurop" is not a region .*did you mean "westeurope"\?$/]],
    [
      { name: "usgovvirginia" },
      [
        /^name: "usgovvirginia" is in a part of Azure with names, addresses and services of its own, which isn't supported: /,
      ],
    ],
    [
      {
        endpoint: { ...endpoint, exposure: "private", failover: "dns" },
        access: { clients: ["10.0.0.0/8"] },
      },
      [/^endpoint\.failover: needs a public endpoint: Azure's Traffic Manager probes from the internet/],
    ],
    [{ access: { clients: ["2001:db8::/32"] } }, [/^access\.clients: has no IPv4 range/]],
    [
      { access: { clients: ranges(4000), metrics: ["203.0.113.0/24"] } },
      [/^access\.clients: has, together with `access\.metrics`, 4001 ranges, .* takes 4000/],
    ],
    [
      {
        access: {
          clients: Array.from({ length: 900 }, (_, index) => `AzureCloud.region${index}`),
          metrics: ["Storage"],
        },
      },
      [/^access\.clients: has, together with `access\.metrics`, 901 service tags, .* takes 900/],
    ],
    [
      { machine: { type: "Standard_D4ps_v6", architecture: "amd64" } },
      [/^machine\.architecture: is amd64, but Standard_D4ps_v6 is arm64/],
    ],
    [
      { storage: { kind: "disk", size: "40TiB" }, name: "westindia" },
      [/^storage\.size: .*Premium SSD has 4 to 32,767 GiB$/],
    ],
    [
      {
        name: "westeurop",
        machine: { type: "Standard_D4ps_v6", architecture: "amd64" },
        access: { clients: ["2001:db8::/32"] },
      },
      [/^name: /, /^access\.clients: /, /^machine\.architecture: /],
    ],
  ];
  for (const [change, expected] of cases) {
    const problems = problemsOf(change);
    assert.equal(problems.length, expected.length, problems.join("\n"));
    expected.forEach((pattern, index) => {
      assert.match(problems[index] ?? "", pattern);
    });
  }
});

test("accepts a bucket, with as many upstreams as a disk", () => {
  assert.deepEqual(problemsOf({ storage: { kind: "bucket" } }, manyUpstreams(20, 8), 20), []);
});

test("refuses to shrink a disk", () => {
  assert.deepEqual(problemsOf({ storage: { kind: "disk", size: "100GiB" } }, manyUpstreams(1), 200), [
    "storage.size: the disk has 200GiB and can't shrink to 100GiB: set 200GiB, or first give up the disk and its content (docs/upgrading.md)",
  ]);
  assert.match(
    problemsOf({ storage: { kind: "bucket" } }, manyUpstreams(1), 200).join(),
    /^storage\.kind: the disk has 200GiB and can't shrink to 20GiB, which is enough with a bucket: /,
  );
});

test("accepts many upstreams, and refuses more than fit into the user data", () => {
  assert.deepEqual(problemsOf({}, manyUpstreams(20, 16)), []);
  const [problem, ...others] = problemsOf({}, manyUpstreams(40, 120));
  assert.match(
    problem ?? "",
    /^topology: the configuration takes \d+ bytes, compressed and as base64, and Azure gives a machine 65536: /,
  );
  assert.deepEqual(others, []);
});

test("warns of ranges without effect, except those of `public`", () => {
  const access = { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["2001:db8::/64"] };
  assert.deepEqual(
    planned({ access }).warnings.map(({ path }) => path),
    ["access.clients[1]", "access.metrics[0]"],
  );
  assert.deepEqual(planned({ access: { clients: "public" } }).warnings, []);
});

test("accepts service tags as clients, and warns of the tag for the whole internet", () => {
  const access = { clients: ["VirtualNetwork", "AzureCloud.westeurope"], metrics: ["Internet"] };
  assert.deepEqual(planned({ access }).problems, []);
  assert.deepEqual(
    planned({ access }).warnings.map(({ path, message }) => `${path}: ${message}`),
    ["access.metrics[0]: is the whole internet, as `public` is: name the addresses that you mean"],
  );
});
