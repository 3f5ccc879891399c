/** What is wrong with a region that has an AKS cluster, without a request to Azure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { clusterFindings } from "../../components/hosts/kubernetes-cluster/preflight.ts";
import { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import { planRequest } from "../support/plan-request.ts";

const vnet = (group: string, name: string) =>
  `/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/${name}`;

interface Case {
  readonly workload?: object;
  readonly previousVersion?: string;
  /** @default 1 */
  readonly upstreams?: number;
}

function findingsOf(
  change: Record<string, unknown>,
  { workload = {}, previousVersion, upstreams = 1 }: Case = {},
) {
  const request = planRequest("azure cluster", {
    provider: "azure",
    upstreams: Array.from({ length: upstreams }, (_, index) => ({
      ...{ name: `registry-${index}`, registry: `registry-${index}.example.com`, repositories: ["**"] },
    })),
    workload,
    regions: [
      {
        name: "germanywestcentral",
        topology: "cluster",
        apiAccess: ["198.51.100.0/28"],
        storage: { kind: "bucket" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
  });
  const plan = planAzureCluster(request);
  const surroundings = { today: "2026-11-25", previousVersion };
  const findings = clusterFindings(request.region, services.azure, surroundings);
  return {
    problems: [...plan.problems, ...findings.problems],
    warnings: [...plan.warnings, ...findings.warnings],
  };
}

function problemsOf(...args: Parameters<typeof findingsOf>): string[] {
  return findingsOf(...args).problems.map(({ path, message }) => `${path}: ${message}`);
}

test("accepts an ordinary region, whether or not it exists", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({}, { previousVersion: "1.36.2" }), []);
  assert.deepEqual(problemsOf({}, { previousVersion: "1.35.9" }), []);
  assert.deepEqual(problemsOf({ access: { clients: "public" } }), []);
  assert.deepEqual(problemsOf({ network: { vnet: vnet("hub", "hub"), subnet: "caches" } }), []);
});

test("allows a subnet for the load balancer only with a private endpoint", () => {
  const network = { vnet: vnet("hub", "hub"), subnet: "caches", loadBalancerSubnet: "balancers" };
  const endpoint = { hostname: "cache.example.com", tls: { mode: "private" }, exposure: "private" };
  const access = { clients: ["10.0.0.0/8"] };
  assert.deepEqual(problemsOf({ network, endpoint, access }), []);
  assert.deepEqual(problemsOf({ network }), [
    "network.loadBalancerSubnet: is for a private endpoint: a public one has an address in no subnet. Leave it out, or set `endpoint.exposure: private`",
  ]);
});

test("requires another subnet for the load balancer than the nodes'", () => {
  const endpoint = { hostname: "cache.example.com", tls: { mode: "private" }, exposure: "private" };
  const access = { clients: ["10.0.0.0/8"] };
  for (const loadBalancerSubnet of ["caches", "Caches"]) {
    const network = { vnet: vnet("hub", "hub"), subnet: "caches", loadBalancerSubnet };
    assert.deepEqual(problemsOf({ network, endpoint, access }), [
      "network.loadBalancerSubnet: is `subnet` already: leave it out",
    ]);
  }
});

test("reports everything that is wrong, each with its path", () => {
  const long = "n".repeat(64);
  const ranges = (count: number) =>
    Array.from({ length: count }, (_, index) => `10.${index >> 8}.${index % 256}.0/24`);
  const cases: [Record<string, unknown>, RegExp[]][] = [
    [{ name: "germanywestcentra" }, [/^name: .*did you mean "germanywestcentral"\?$/]],
    [
      { name: "westus", nodes: { zones: ["1"] } },
      [/^nodes\.zones: westus has no availability zones: leave this out$/],
    ],
    [
      { apiAccess: ["2001:db8::/32"], access: { clients: ["2001:db8::/32"] } },
      [/^access\.clients\[0\]: 2001:db8::\/32 is IPv6/, /^apiAccess\[0\]: 2001:db8::\/32 is IPv6/],
    ],
    [
      { apiAccess: Array.from({ length: 201 }, (_, index) => `198.51.${index}.0/24`) },
      [/^apiAccess: has 201 ranges, and AKS takes 200/],
    ],
    [
      { access: { clients: ranges(4001) } },
      [/^access\.clients: has 4001 ranges, and the nodes' network security group takes 4000/],
    ],
    [{ resourceGroup: long }, [/^resourceGroup: the resource group has a name of 64 characters/]],
    [
      { network: { vnet: vnet(long, long), subnet: long } },
      [
        /^network\.vnet: the virtual network's resource group has a name of 64 /,
        /^network\.vnet: the virtual network has a name of 64 characters, and AKS takes 63/,
        /^network\.subnet: the subnet has a name of 64 /,
      ],
    ],
    [{ name: "westeurop", apiAccess: ["2001:db8::/32"] }, [/^name: /, /^apiAccess\[0\]: /]],
  ];
  for (const [change, expected] of cases) {
    const problems = problemsOf(change);
    assert.equal(problems.length, expected.length, problems.join("\n"));
    expected.forEach((pattern, index) => {
      assert.match(problems[index] ?? "", pattern);
    });
  }
});

test("accepts a group's long name where the network is another group's", () => {
  const resourceGroup = "g".repeat(80);
  assert.deepEqual(
    problemsOf({ resourceGroup, network: { vnet: vnet("hub", "hub"), subnet: "caches" } }),
    [],
  );
});

test("refuses a version before the existing one", () => {
  assert.deepEqual(problemsOf({ version: "1.36" }, { previousVersion: "1.34.8" }), [
    "version: the cluster has 1.34, and goes up by one minor version at a time: set 1.35 first",
  ]);
});

test("warns of the end of a version's support", () => {
  const said = (version: string) => findingsOf({ version }).warnings.map(({ message }) => message);
  assert.match(said("1.34")[0] ?? "", /^AKS's support of Kubernetes 1\.34 ends on 2026-11-30: /);
  assert.deepEqual(said("1.36"), []);
});

test("refuses a replica that fits on no node, with the size that does", () => {
  const workload = { nodes: 4000, pullsPerNodeGiB: 5, peakMinutes: 10 };
  const [problem, ...others] = problemsOf({}, { workload });
  assert.deepEqual(others, []);
  const [, needed = ""] =
    /^replicas\.min: the workload's peak takes at least (\d+) replicas: /.exec(problem ?? "") ?? [];
  assert.ok(Number(needed) > 2, problem);
  assert.deepEqual(problemsOf({ replicas: { min: Number(needed) } }, { workload }), []);
  assert.notDeepEqual(problemsOf({ replicas: { min: Number(needed) - 1 } }, { workload }), []);
  assert.deepEqual(problemsOf({ storage: { kind: "bucket", delivery: "redirect" } }, { workload }), []);
});

test("fits a larger share on larger nodes", () => {
  const workload = { nodes: 12_000, pullsPerNodeGiB: 5, peakMinutes: 10 };
  const needed = (type: string) =>
    /takes at least (\d+) replicas: a node \((\w+)\) has ([\d.]+) processors/
      .exec(problemsOf({ nodes: { type } }, { workload })[0] ?? "")
      ?.slice(1);
  const [small, large] = [needed("Standard_D4pls_v6"), needed("Standard_D8pls_v6")];
  assert.deepEqual(small?.slice(1), ["Standard_D4pls_v6", "2.8"]);
  assert.deepEqual(large?.slice(1), ["Standard_D8pls_v6", "6.76"]);
  assert.ok(Number(large?.[0]) < Number(small?.[0]));
  // Only Azure knows how many processors it has.
  assert.equal(needed("Standard_D8pls_v9"), undefined);
});

test("counts what each upstream requests of a node", () => {
  const workload = { pullsPerNodeGiB: 5, peakMinutes: 30 };
  const proxied = { storage: { kind: "bucket", delivery: "proxied" } };
  const memory = (upstreams: number, change: object = {}) =>
    findingsOf({ ...proxied, ...change }, { workload, upstreams })
      .warnings.map(({ path, message }) => `${path}: ${message}`)
      .filter((warning) => warning.includes("of memory"));
  assert.deepEqual(memory(7), []);
  // 8 GiB - 3 % - 650 MB - 100 MiB - 820 MiB, and 4,352 + 176 + 8 × 256 MiB.
  assert.deepEqual(memory(8), [
    "nodes.type: a node (Standard_D4pls_v6) has about 6,406 MiB of memory for a replica, and with this workload and these upstreams (8) it requests 6,576: set a larger size, or `storage: { delivery: redirect }`",
  ]);
  assert.deepEqual(memory(8, { nodes: { type: "Standard_D4ps_v6" } }), []);
  assert.deepEqual(memory(8, { storage: { kind: "bucket", delivery: "redirect" } }), []);
  const heavy = { nodes: 4000, pullsPerNodeGiB: 4, peakMinutes: 10 };
  const processors = (upstreams: number) =>
    /has ([\d.]+) processors/.exec(problemsOf(proxied, { workload: heavy, upstreams }).join())?.[1];
  assert.deepEqual([processors(1), processors(6)], ["2.8", "2.6"]);
});

test("refuses replicas whose other containers leave the edge no processors, whatever their number", () => {
  assert.match(
    problemsOf(
      { storage: { kind: "bucket", delivery: "redirect" }, nodes: { type: "Standard_D4ps_v6" } },
      { upstreams: 70 },
    )[0] ?? "",
    /^nodes\.type: a node \(Standard_D4ps_v6\) has 2\.92 processors for a replica, and with this workload and these upstreams \(70\) it requests 2\.98: set a larger size$/,
  );
});

test("refuses a cache of large images, unless the bucket delivers them", () => {
  const workload = { pullsPerNodeGiB: 20 };
  assert.match(
    problemsOf({}, { workload })[0] ?? "",
    /^storage\.scratch: for this workload, each replica keeps \d+GiB on its node, which has room for 40GiB: set 40GiB, or use `delivery: redirect`$/,
  );
  assert.deepEqual(problemsOf({ storage: { kind: "bucket", delivery: "redirect" } }, { workload }), []);
});

test("warns if the nodes' disks are too slow for what passes through the replicas", () => {
  const workload = { nodes: 3000 };
  const warned = (storage: object, replicas: object) =>
    findingsOf({ storage: { kind: "bucket", ...storage }, replicas }, { workload }).warnings.map(
      ({ path }) => path,
    );
  assert.deepEqual(warned({ delivery: "proxied" }, { min: 2 }), ["replicas.min"]);
  assert.deepEqual(warned({ delivery: "proxied" }, { min: 5 }), []);
  assert.deepEqual(warned({ delivery: "redirect" }, { min: 2 }), []);
  // More than an edge holds in memory.
  const large = findingsOf(
    { storage: { kind: "bucket", delivery: "proxied" } },
    { workload: { pullsPerNodeGiB: 5.5, peakMinutes: 10 } },
  );
  assert.match(
    large.warnings.map(({ message }) => message).join(),
    /sustains 240 IOPS of the 1,128 that each of 2 replicas needs: that takes about 10 replicas/,
  );
});
