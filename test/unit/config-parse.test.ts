import assert from "node:assert/strict";
import { test } from "node:test";
import { alerts } from "../../components/config/alerts.ts";
import { parseConfig } from "../../components/config/parse.ts";
import {
  type AnyRegion,
  type LocalRegion,
  providers,
  type StackConfig,
} from "../../components/config/schema.ts";
import {
  assertProblem,
  aws,
  awsRegion,
  kubernetesRegion,
  local,
  problemsOf,
  upstreams,
  withAws,
  withUpstream,
} from "../support/raw-stacks.ts";

test("adds the defaults to the smallest local stack", () => {
  assert.deepEqual(parseConfig(local), {
    provider: "local",
    regions: [
      {
        name: "local",
        topology: "vm",
        storage: { kind: "disk", sizeGiB: "auto" },
        endpoint: { hostname: "localhost", port: 8443, tls: { mode: "private" } },
        access: { clients: ["127.0.0.0/8", "::1/128"], metrics: ["127.0.0.0/8", "::1/128"] },
        dialTimeoutMilliseconds: 350,
        freshnessSeconds: 60,
        internalPort: 15000,
        kind: "local",
      },
    ],
    upstreams: [
      {
        name: "gsoci",
        registry: "gsoci.azurecr.io",
        url: "https://gsoci.azurecr.io",
        repositories: ["giantswarm/**"],
      },
    ],
    workload: {
      nodes: 300,
      pullsPerNodeGiB: 3,
      nodeChurnPerMonth: 4,
      workingSetGiB: 150,
      growthGiBPerMonth: 10,
      peakMinutes: 30,
    },
    monitoring: { labels: {}, alerts: alerts.parse({}), alertmanagers: [] },
    images: {},
    cost: {
      azureSameRegionTraffic: "unknown",
      nodes: { natGateway: "unknown", s3Endpoint: true },
      clusters: 5,
    },
  } satisfies StackConfig);
});

test("accepts the region of every provider and topology", () => {
  const { endpoint, access } = awsRegion;
  const bucket = { kind: "bucket", delivery: "redirect" };
  const cluster = { topology: "cluster", storage: bucket, endpoint, access, apiAccess: ["192.0.2.0/24"] };
  const vnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
  const stacks: Record<string, object[]> = {
    aws: [
      awsRegion,
      {
        ...awsRegion,
        storage: bucket,
        network: { vpc: "vpc-0123456789abcdef0", subnet: "subnet-0123456789abcdef0" },
      },
      { name: "us-gov-west-1", ...cluster },
    ],
    azure: [
      {
        ...awsRegion,
        name: "westeurope",
        network: { vnet, subnet: "caches" },
        endpoint: { ...endpoint, zoneResourceGroup: "dns" },
      },
      {
        ...cluster,
        name: "germanywestcentral",
        endpoint: { ...endpoint, zoneResourceGroup: "dns" },
        access: { clients: "public" },
      },
    ],
    kubernetes: [kubernetesRegion],
  };
  for (const [provider, regions] of Object.entries(stacks)) {
    for (const region of regions)
      assert.deepEqual(problemsOf({ provider, regions: [region], upstreams }), []);
  }
});

test("gives a region the shape that hosts and renderers share", () => {
  const stack = parseConfig(local);
  assert.ok(stack.provider === "local");
  const [region] = stack.regions satisfies LocalRegion[] satisfies AnyRegion[];
  assert.ok(region);
  assert.equal(region.endpoint.hostname, "localhost");
  region.storage.sizeGiB satisfies number | "auto";
});

test("sets an upstream's default url from its registry, and for Docker Hub from its API's host", () => {
  const urlOf = (changes: object) => parseConfig(withUpstream(changes)).upstreams[0]?.url;
  assert.equal(urlOf({ registry: "localhost:5000" }), "https://localhost:5000");
  assert.equal(urlOf({ registry: "docker.io" }), "https://registry-1.docker.io");
  assert.equal(urlOf({ url: "http://127.0.0.1:5000/" }), "http://127.0.0.1:5000");
});

test("expands `public` to the whole internet", () => {
  const { regions } = parseConfig(withAws({ access: { clients: "public" } }));
  assert.deepEqual(regions[0]?.access, { clients: ["0.0.0.0/0", "::/0"], metrics: [] });
});

test("reports every problem of a file at once", () => {
  const problems = problemsOf({
    provider: "aws",
    regons: [],
    regions: [
      { ...awsRegion, name: "Frankfurt", storage: { kind: "disk", sise: "1GiB" } },
      {
        ...awsRegion,
        endpoint: { hostname: "cache.example.com", tls: { mode: "acme" } },
        access: { clients: ["10.0.0.1"] },
      },
    ],
    upstreams: [
      { name: "a", registry: "https://ghcr.io", repositories: ["A/*"] },
      { name: "a", registry: "quay.io", repositories: ["b"], credentials: "missing" },
    ],
    images: { edge: "a b" },
  });
  assert.deepEqual(problems.map((line) => line.split(": ")[0]).sort(), [
    "images.edge",
    "regions[0].name",
    "regions[0].storage.sise",
    "regions[1].access.clients[0]",
    "regions[1].endpoint.hostname",
    "regions[1].endpoint.tls.email",
    "regions[1].endpoint.zone",
    "regons",
    "upstreams[0].registry",
    "upstreams[0].repositories[0]",
    "upstreams[1].credentials",
    "upstreams[1].name",
  ]);
});

test("checks the rest even if the provider is wrong", () => {
  const problems = problemsOf({
    provider: "gcp",
    upstreams: [{ ...upstreams[0], name: "A" }],
    regions: [{ name: "x" }],
  });
  assert.equal(problems.length, 2);
  const all = providers.map((name) => `"${name}"`).join(", ");
  assert.equal(problems[0], `provider: must be one of ${all}`);
  assert.match(problems[1] ?? "", /^upstreams\[0\]\.name: "A" is not a name/);
});

test("reports duplicates", () => {
  const other = { ...upstreams[0], name: "other", registry: "ghcr.io" };
  assertProblem(
    { ...local, upstreams: [upstreams[0], { ...other, name: "gsoci" }] },
    /^upstreams\[1\]\.name: "gsoci" is already taken by upstreams\[0\]$/,
  );
  assertProblem(
    { ...local, upstreams: [upstreams[0], { ...other, registry: "gsoci.azurecr.io" }] },
    /^upstreams\[1\]\.registry: /,
  );
  assertProblem(
    { ...aws, regions: [awsRegion, { ...awsRegion, name: "eu-west-1" }] },
    /^regions\[1\]\.endpoint\.hostname: "cache\.example\.com" is already taken/,
  );
  const elsewhere = { ...awsRegion.endpoint, hostname: "other.example.com" };
  assertProblem(
    { ...aws, regions: [awsRegion, { ...awsRegion, endpoint: elsewhere }] },
    /^regions\[1\]\.name: "eu-central-1" is already taken/,
  );
});

test("refuses an upstream that is a region's own endpoint, because the cache would request from itself", () => {
  const loop = (path: string) => new RegExp(`^upstreams\\[0\\]\\.${path}: is the endpoint of regions\\[0\\]`);
  for (const url of ["https://localhost:8443", "http://127.0.0.1:8443", "https://[::1]:8443"])
    assertProblem({ ...local, upstreams: [{ ...upstreams[0], url }] }, loop("url"));
  const registry = awsRegion.endpoint.hostname;
  assertProblem({ ...aws, upstreams: [{ ...upstreams[0], registry }] }, loop("registry"));
  assert.deepEqual(
    problemsOf({ ...aws, upstreams: [{ ...upstreams[0], registry: `${registry}:5000` }] }),
    [],
  );
  assert.deepEqual(
    problemsOf({ ...local, upstreams: [{ ...upstreams[0], url: "http://localhost:5000" }] }),
    [],
  );
});

test("requires credentials to be named, present and encrypted, and never repeats them", () => {
  const named = withUpstream({ credentials: "gsoci-credentials" });
  const password = { secure: "v1:abc" };
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { username: "u", password } }), []);
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { secure: "v1:abc" } }), []);
  assertProblem(
    named,
    /^upstreams\[0\]\.credentials: names the key "gsoci-credentials", which this stack doesn't have: npm run pulumi -- config set --stack STACK --secret --path registry-cache:gsoci-credentials\.password$/,
  );
  assert.deepEqual(problemsOf({ ...named, "gsoci-credential": { username: "u", password } }), [
    'upstreams[0].credentials: names the key "gsoci-credentials", which this stack doesn\'t have: did you mean "gsoci-credential"? If not: npm run pulumi -- config set --stack STACK --secret --path registry-cache:gsoci-credentials.password',
    "gsoci-credential: nothing names these credentials: remove them, or name them in `credentials`",
  ]);
  assertProblem(
    { ...named, "gsoci-credentials": { username: "u", password: "hunter2" } },
    /^gsoci-credentials\.password: is not encrypted/,
  );
  const other = {
    name: "other",
    registry: "ghcr.io",
    repositories: ["a/b"],
    credentials: "gsoci-credentials",
  };
  assertProblem(
    { ...named, upstreams: [...named.upstreams, other], "gsoci-credentials": { username: "u" } },
    /^gsoci-credentials\.password: is missing/,
  );
  assertProblem({ ...named, "gsoci-credentials": "hunter2" }, /^gsoci-credentials: must be a secret mapping/);
  assertProblem(
    { ...local, "gsoci-credentials": { username: "u", password: "readable" } },
    /^gsoci-credentials: unknown key/,
  );
  assertProblem(
    withUpstream({ credentials: "images" }),
    /credentials: "images" is a key of the configuration itself/,
  );
  assertProblem(
    { ...local, monitoring: { remoteWrite: { url: "https://m.example.com/push", credentials: "nope" } } },
    /^monitoring\.remoteWrite\.credentials: names the key "nope"/,
  );
  for (const secret of ["hunter2", { username: "u", password: "hunter2" }, { password: ["hunter2"] }]) {
    assert.doesNotMatch(problemsOf({ ...named, "gsoci-credentials": secret }).join(), /hunter2/);
  }
  for (const credentials of ["u:hunter2", { username: "u", password: "hunter2" }]) {
    assertProblem(
      withUpstream({ credentials }),
      /^upstreams\[0\]\.credentials: must be the name of a secret key (?!.*hunter2).*: set them by `npm run pulumi -- config set --stack STACK --secret --path registry-cache:team-login\.password`, and write `team-login` here/,
    );
  }
  assertProblem(
    withUpstream({ url: "https://u:hunter2@ghcr.io" }),
    /^upstreams\[0\]\.url: has credentials in it(?!.*hunter2).*`credentials: team-login` beside this key$/,
  );
  assertProblem(
    { ...local, monitoring: { alertmanagers: ["https://u:hunter2@alerts.example.com"] } },
    /^monitoring\.alertmanagers\[0\]: has credentials in it(?!.*hunter2).*name a server that needs none$/,
  );
});
