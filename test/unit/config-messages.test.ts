import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import {
  assertProblem,
  aws,
  awsRegion,
  local,
  problemsOf,
  upstreams,
  withAws,
  withAwsEndpoint,
  withKubernetes,
  withUpstream,
} from "../support/raw-stacks.ts";

test("reports unknown and missing keys", () => {
  assertProblem({ ...local, regons: [] }, /^regons: unknown key; did you mean "regions"\?$/);
  assertProblem({ ...local, frobnicate: 1 }, /^frobnicate: unknown key; known here: provider, regions, /);
  assertProblem(
    withUpstream({ registyr: "x" }),
    /^upstreams\[0\]\.registyr: unknown key; did you mean "registry"\?$/,
  );
  assertProblem({ ...local, images: { egde: "a" } }, /^images\.egde: unknown key; did you mean "edge"\?$/);
  assertProblem({ provider: "local", regions: local.regions }, /^upstreams: is missing: The registries that/);
  assertProblem({ ...local, provider: undefined }, /^provider: is missing: must be one of/);
  assertProblem({ ...local, regions: [] }, /^regions: must have at least 1 entry$/);
  assertProblem({ ...local, regions: "x" }, /^regions: must be a list, not text$/);
});

test("treats a key with an undefined value, which a program may pass, as missing", () => {
  const region = { name: "local", dataDir: undefined, storage: undefined };
  const raw = { ...local, prefetch: undefined, budgt: undefined, regions: [region] };
  assert.deepEqual(parseConfig(raw), parseConfig(local));
});

test("refuses a configuration that isn't a mapping", () => {
  for (const raw of [undefined, null, [], "text"])
    assertProblem(raw as never, /^configuration: (?:is missing|must be a mapping, not .*)$/);
});

test("refuses a configuration of an unknown version", () => {
  for (const version of [1, 2]) assert.deepEqual(problemsOf({ ...local, version }), []);
  assertProblem(
    { ...local, version: 3 },
    /^version: is newer than this version of the project, .* up to 2: use/,
  );
  assertProblem({ ...local, version: 0 }, /^version: must be at least 1$/);
  for (const version of [1.36, "1.36"])
    assertProblem(
      { ...local, version },
      /^version: is the version of the configuration.* Kubernetes' version is `regions\[\]\.version`$/,
    );
});

test("keeps an earlier version's defaults, and reports its problems unchanged", () => {
  const peakMinutes = (raw: object) => parseConfig({ ...local, ...raw }).workload.peakMinutes;
  assert.deepEqual([{}, { version: 1 }, { version: 2 }].map(peakMinutes), [30, 30, 10]);
  assert.equal(peakMinutes({ workload: { nodes: 3 } }), 30);
  // Pulumi's command line rewrites numbers as texts.
  assert.deepEqual(
    ["1", "2"].map((version) => peakMinutes({ version })),
    [30, 10],
  );
  assert.deepEqual(
    [1, 2].map((version) => peakMinutes({ version, workload: { peakMinutes: 5 } })),
    [5, 5],
  );
  for (const workload of ["many", [3], null])
    assertProblem({ ...local, workload }, /^workload: must be a mapping/);
});

test("says where a key of another alternative belongs", () => {
  const disk = { kind: "disk", size: "200GiB" };
  assertProblem(
    withAws({ storage: { ...disk, delivery: "redirect" } }),
    /^regions\[0\]\.storage\.delivery: goes with `kind: bucket` only: leave it out, or change `kind`$/,
  );
  assertProblem(
    withAws({ storage: { ...disk, kind: "bucket" } }),
    /storage\.size: goes with `kind: disk` only/,
  );
  assertProblem(
    withAws({ storage: { ...disk, delivry: "redirect" } }),
    /unknown key; known here: kind, size$/,
  );
  assertProblem(withAws({ replicas: { min: 3 } }), /\.replicas: goes with `topology: cluster` only/);
  assertProblem(
    withKubernetes({ expose: { kind: "loadBalancer", proxies: ["10.0.0.0/8"] } }),
    /expose\.proxies: goes with `kind: ingress` or `kind: gateway` only/,
  );
  assertProblem(
    {
      ...local,
      monitoring: { remoteWrite: { url: "https://m.example.com/push", credentials: "login" } },
      login: { username: "u", password: { secure: "v1:a" }, token: { secure: "v1:b" } },
    },
    /^login\.token: doesn't go with `username`, `password`: leave out the one or the other$/,
  );
});

test("checks the other keys of a mapping if the key that selects an alternative is certainly misspelt", () => {
  const paths = (change: Record<string, unknown>) =>
    problemsOf(withAws({ ...change, topology: undefined, storage: { kind: "dsik" }, zone: 3 })).map(
      (problem) => problem.split(": ")[0],
    );
  const others = ["regions[0].storage.kind", "regions[0].zone"];
  assert.deepEqual(paths({ topolgy: "vm" }), ["regions[0].topology", "regions[0].topolgy", ...others]);
  assert.deepEqual(paths({ topolgy: "vmm" }), ["regions[0].topology", "regions[0].topolgy"]);
  assert.deepEqual(paths({ topolgy: "vm", toplogy: "vm" }), [
    "regions[0].topology",
    "regions[0].topolgy",
    "regions[0].toplogy",
  ]);
});

test("says of a region's key at the top level where it belongs", () => {
  const message = /^freshnessSeconds: unknown key; it is a key of `regions\[\]`$/;
  for (const stack of [local, aws]) assertProblem({ ...stack, freshnessSeconds: 3 }, message);
});

test("reports a missing or misspelt key that selects an alternative", () => {
  const { topology, ...rest } = withAws({}).regions[0] ?? {};
  const missing = 'regions[0].topology: is missing: must be one of "vm", "cluster"';
  const withRegion = (region: object) => ({ ...aws, regions: [region] });
  assert.deepEqual(problemsOf(withRegion(rest)), [missing]);
  assert.deepEqual(problemsOf(withRegion({ ...rest, topologie: topology })), [
    missing,
    'regions[0].topologie: unknown key; did you mean "topology"?',
  ]);
  assertProblem(
    withAws({ storage: { size: "200GiB" } }),
    /^regions\[0\]\.storage\.kind: is missing: must be one of "disk", "bucket"$/,
  );
  assert.deepEqual(
    problemsOf(withAws({ access: { client: "public" } })).map((line) => line.split(": ")[0]),
    ["regions[0].access.clients", "regions[0].access.client"],
  );
  assertProblem(withAws({ storage: { kind: "disc" } }), /storage\.kind: must be one of "disk", "bucket"$/);
  assertProblem(
    withAwsEndpoint({ tls: { email: "ops@example.com" } }),
    /tls\.mode: is missing: must be one of "acme", "provided", "private"$/,
  );
});

test("reports numbers and texts that YAML confuses", () => {
  const cluster = { topology: "cluster", storage: { kind: "bucket" }, apiAccess: ["192.0.2.0/24"] };
  assertProblem(withAws({ ...cluster, version: 1.36 }), /version: must be text: put it in quotes, "1\.36"$/);
  // YAML reads 1.30 as this number.
  assertProblem(
    withAws({ ...cluster, version: 1.3 }),
    /version: is a number, not a minor version of Kubernetes: write it in quotes, like "1\.36"$/,
  );
  const endpoint = { ...awsRegion.endpoint, zoneResourceGroup: "dns" };
  const azure = { ...awsRegion, name: "westeurope", endpoint, availabilityZone: 1 };
  assertProblem(
    { provider: "azure", regions: [azure], upstreams },
    /availabilityZone: must be one of "1", "2", "3", in quotes$/,
  );
  assertProblem(
    withKubernetes({ expose: { kind: "loadBalancer", annotations: { ttl: 300 } } }),
    /annotations\.ttl: must be text, not a number: put it in quotes$/,
  );
  assertProblem(
    withKubernetes({ expose: { kind: "loadBalancer", externalDns: "false" } }),
    /externalDns: must be true or false, not text: leave out the quotes$/,
  );
  const withNodes = (nodes: unknown) => ({ ...local, workload: { nodes } });
  assertProblem(withNodes(1.5), /^workload\.nodes: must be a whole number, without a fraction$/);
  assertProblem(withNodes(Number.POSITIVE_INFINITY), /^workload\.nodes: must be a finite number$/);
  assertProblem(withNodes("300"), /^workload\.nodes: must be a number, not text: leave out the quotes$/);
  assertProblem(withNodes("many"), /^workload\.nodes: must be a number, not text$/);
});
