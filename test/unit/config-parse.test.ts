import assert from "node:assert/strict";
import { test } from "node:test";
import { alerts } from "../../components/config/alerts.ts";
import { parseConfig } from "../../components/config/parse.ts";
import type { LocalRegion, Region, StackConfig } from "../../components/config/schema.ts";
import {
  assertProblem,
  aws,
  awsRegion,
  kubernetesRegion,
  local,
  problemsOf,
  upstreams,
  withAws,
  withAwsEndpoint,
  withKubernetes,
  withLocal,
  withUpstream,
} from "../support/raw-stacks.ts";

const { zone: _, ...endpointWithoutZone } = awsRegion.endpoint;

test("the smallest local stack, with its defaults", () => {
  assert.deepEqual(parseConfig(local), {
    provider: "local",
    regions: [
      {
        name: "local",
        topology: "vm",
        storage: { kind: "disk", sizeGiB: "auto" },
        endpoint: { hostname: "localhost", port: 8443, tls: { mode: "private" } },
        access: { clients: ["127.0.0.0/8", "::1/128"], metrics: ["127.0.0.0/8", "::1/128"] },
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
    cost: { azureSameRegionTraffic: "unknown", clusters: 5 },
  } satisfies StackConfig);
});

test("the region of every provider and topology is accepted", () => {
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

test("a region has the shape that hosts and renderers share", () => {
  const stack = parseConfig(local);
  assert.ok(stack.provider === "local");
  const [region] = stack.regions satisfies LocalRegion[] satisfies Region[];
  assert.ok(region);
  assert.equal(region.endpoint.hostname, "localhost");
  region.storage.sizeGiB satisfies number | "auto";
});

test("sizes are read to GiB", () => {
  const sizeOf = (size: string) =>
    parseConfig(withLocal({ storage: { kind: "disk", size } })).regions[0]?.storage;
  assert.deepEqual(sizeOf("20GiB"), { kind: "disk", sizeGiB: 20 });
  assert.deepEqual(sizeOf("1.5TiB"), { kind: "disk", sizeGiB: 1536 });
  assert.deepEqual(sizeOf("auto"), { kind: "disk", sizeGiB: "auto" });
});

test("the machine of a region on a VM is automatic unless it is named", () => {
  const machineOf = (changes: object) => {
    const [region] = parseConfig(withAws(changes)).regions;
    return region && "machine" in region ? region.machine : undefined;
  };
  assert.deepEqual(machineOf({}), { type: "auto" });
  const named = { type: "m7i.large", architecture: "amd64" };
  assert.deepEqual(machineOf({ machine: named }), named);
  assertProblem(
    withAws({ machine: { architecture: "x86" } }),
    /^regions\[0\]\.machine\.architecture: must be one of "arm64", "amd64"$/,
  );
  assertProblem(
    withAws({
      topology: "cluster",
      storage: { kind: "bucket" },
      apiAccess: ["192.0.2.0/24"],
      machine: named,
    }),
    /^regions\[0\]\.machine: goes with `topology: vm` only: leave it out, or change `topology`$/,
  );
  assertProblem(withLocal({ machine: named }), /^regions\[0\]\.machine: unknown key/);
});

test("a machine's image, in its cloud's words", () => {
  const imageOf = (raw: Record<string, unknown>) =>
    (parseConfig(raw).regions[0] as { machine: { image?: string } }).machine.image;
  const withAzure = (changes: object) => ({
    provider: "azure",
    regions: [
      {
        ...awsRegion,
        name: "westeurope",
        endpoint: { ...awsRegion.endpoint, zoneResourceGroup: "dns" },
        ...changes,
      },
    ],
    upstreams,
  });
  const version =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/debian/versions/1.0.0";
  assert.equal(imageOf(aws), undefined);
  assert.equal(imageOf(withAws({ machine: { image: "ami-0123456789abcdef0" } })), "ami-0123456789abcdef0");
  for (const image of ["0.20260914.2601", version])
    assert.equal(imageOf(withAzure({ machine: { image } })), image);
  assertProblem(withAws({ machine: { image: "debian-13" } }), /machine\.image: .* is not the id of an AMI/);
  for (const image of ["latest", "ami-0123456789abcdef0", version.replace("galleries", "images")])
    assertProblem(withAzure({ machine: { image } }), /machine\.image: .* is not a version of Debian's image/);
  assertProblem(
    withAzure({ resourceGroup: "ends." }),
    /resourceGroup: .* is not the name of a resource group/,
  );
});

test("an absurd workload is refused", () => {
  assertProblem({ ...local, workload: { nodes: -1 } }, /^workload\.nodes: must be at least 0$/);
  assertProblem(
    { ...local, workload: { workingSetGiB: 1e9 } },
    /^workload\.workingSetGiB: must be at most 1000000$/,
  );
  assertProblem({ ...local, workload: { peakMinutes: 0 } }, /^workload\.peakMinutes: must be at least 1$/);
});

test("an upstream's url defaults to its registry, and Docker Hub's to the host of its API", () => {
  const urlOf = (changes: object) => parseConfig(withUpstream(changes)).upstreams[0]?.url;
  assert.equal(urlOf({ registry: "localhost:5000" }), "https://localhost:5000");
  assert.equal(urlOf({ registry: "docker.io" }), "https://registry-1.docker.io");
  assert.equal(urlOf({ url: "http://127.0.0.1:5000/" }), "http://127.0.0.1:5000");
});

test("`public` stands for the whole internet", () => {
  const { regions } = parseConfig(withAws({ access: { clients: "public" } }));
  assert.deepEqual(regions[0]?.access, { clients: ["0.0.0.0/0", "::/0"], metrics: [] });
});

test("every problem of a file is reported at once", () => {
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
    "registry-cache:regons",
    "upstreams[0].registry",
    "upstreams[0].repositories[0]",
    "upstreams[1].credentials",
    "upstreams[1].name",
  ]);
});

test("the rest is checked while the provider is wrong", () => {
  const problems = problemsOf({
    provider: "gcp",
    upstreams: [{ ...upstreams[0], name: "A" }],
    regions: [{ name: "x" }],
  });
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? "", /^provider: must be one of "local", "aws", "azure", "kubernetes"$/);
  assert.match(problems[1] ?? "", /^upstreams\[0\]\.name: "A" is not a name/);
});

test("names, registries and addresses", () => {
  for (const registry of ["https://ghcr.io", "ghcr.io/team", "GHCR.io", "ghcr", "ghcr.io:", "-x.io"]) {
    assertProblem(
      withUpstream({ registry }),
      /^upstreams\[0\]\.registry: ".*" is not a registry: write host or host:port/,
    );
  }
  assertProblem(withUpstream({ url: "ghcr.io" }), /^upstreams\[0\]\.url: is not an address/);
  assertProblem(
    withUpstream({ url: "https://ghcr.io/v2/" }),
    /url: has the path \/v2\/: a registry is always at the root/,
  );
  assertProblem(
    withUpstream({ url: "http://ghcr.io" }),
    /url: is plain http, which anyone on the way can read/,
  );
  for (const url of [
    "http://203.0.113.1",
    "http://zot.svc",
    "http://zot.zot.svc.example.com",
    "http://zot.zot.svc.local",
    "http://svc",
  ]) {
    assertProblem(
      withUpstream({ url }),
      /url: is plain http.*or a Service of the cluster \(http:\/\/name\.namespace\.svc\)$/,
    );
  }
  for (const url of [
    "http://127.0.0.1:5000",
    "http://localhost:5000",
    "http://[::1]:5000",
    "http://10.1.2.3",
    "http://100.64.1.2:5000",
    "http://[fd00::1]",
    "http://zot.zot.svc:5000",
    "http://zot-0.zot.zot.svc.cluster.local",
  ]) {
    assert.deepEqual(problemsOf(withUpstream({ url })), []);
  }
  const alertmanagers = ["http://alertmanager-operated.monitoring.svc:9093/alerts"];
  const remoteWrite = { url: "http://mimir-gateway.mimir.svc.cluster.local/api/v1/push" };
  assert.deepEqual(problemsOf({ ...withKubernetes({}), monitoring: { alertmanagers, remoteWrite } }), []);
  assertProblem(withUpstream({ repositories: [] }), /repositories: must have at least 1 entry/);
  assertProblem(
    withUpstream({ repositories: ["library/nginx:1.27"] }),
    /repositories\[0\]: has a tag or digest: leave it out, as a repository is served with all its tags$/,
  );
  assertProblem(
    withUpstream({ repositories: ["localhost:5000/team/*"] }),
    /repositories\[0\]: names a registry: leave it out and write "team\/\*"$/,
  );
  assertProblem(withUpstream({ repositories: ["team/"] }), /repositories\[0\]: has an empty path segment/);
  assertProblem(withLocal({ name: "Local_1" }), /^regions\[0\]\.name: "Local_1" is not a name/);
  assertProblem(withAws({ name: "frankfurt" }), /^regions\[0\]\.name: "frankfurt" is not an AWS region/);
  assertProblem({ ...local, images: { edge: "UPPER" } }, /^images\.edge: "UPPER" is not an image reference/);
  assertProblem(
    { ...local, monitoring: { labels: { "a-b": "x" } } },
    /^monitoring\.labels\["a-b"\]: must be a Prometheus label/,
  );
});

test("alerts", () => {
  const withAlerts = (changes: object) => ({ ...local, monitoring: { alerts: changes } });
  assertProblem(
    withAlerts({ overrides: { RegistryCachDown: { severity: "none" } } }),
    /^monitoring\.alerts\.overrides\.RegistryCachDown: unknown key; did you mean "RegistryCacheDown"\?/,
  );
  assertProblem(
    withAlerts({ overrides: { RegistryCacheDown: { "a-b": "x" } } }),
    /^monitoring\.alerts\.overrides\.RegistryCacheDown\["a-b"\]: must be a Prometheus label/,
  );
  assertProblem(
    withAlerts({ runbookUrl: "https://runbooks.example.com" }),
    /^monitoring\.alerts\.runbookUrl: has no \{alert\} in it/,
  );
  assertProblem(
    withAlerts({ thresholds: { errorRatio: 5 } }),
    /^monitoring\.alerts\.thresholds\.errorRatio: must be less than 1$/,
  );
  assertProblem(
    withAlerts({ thresholds: { downMinutes: 0 } }),
    /^monitoring\.alerts\.thresholds\.downMinutes: must be more than 0$/,
  );
  assertProblem(
    withAlerts({ thresholds: { downMinute: 5 } }),
    /^monitoring\.alerts\.thresholds\.downMinute: unknown key; did you mean "downMinutes"\?/,
  );
});

test("image references", () => {
  for (const edge of ["nginx", "localhost/cache/edge:dev", `mirror:5000/a/b:1.2@sha256:${"0".repeat(64)}`]) {
    assert.deepEqual(problemsOf({ ...local, images: { edge } }), [], edge);
  }
  for (const edge of ["a:b:c", "a@sha256:12", "https://a/b", "a//b"]) {
    assertProblem({ ...local, images: { edge } }, /is not an image reference/);
  }
});

test("endpoints", () => {
  for (const hostname of [
    "cache",
    "Cache.example.com",
    "cache_1.example.com",
    "https://c.example.com",
    "c.example.com.",
    "10.0.0.1",
  ]) {
    assertProblem(
      withAws({ endpoint: { hostname, tls: { mode: "private" } } }),
      /hostname: ".*" is not a full host name/,
    );
  }
  assertProblem(
    withAws({ endpoint: endpointWithoutZone }),
    /^regions\[0\]\.endpoint\.zone: is missing: `tls: { mode: acme }`/,
  );
  assertProblem(withAwsEndpoint({ zone: "example.org" }), /zone: doesn't contain the host name/);
  assertProblem(withAwsEndpoint({ zone: "ample.com" }), /zone: doesn't contain the host name/);
  for (const changes of [{ zone: "example.com." }, { hostname: "https://cache.example.com/" }])
    assertProblem(withAwsEndpoint(changes), /: ".*" is not a full host name/);
  assertProblem(withAwsEndpoint({ port: 80 }), /port: must be at least 443$/);
  assertProblem(withAwsEndpoint({ port: 9443 }), /port: is one of the machine's own/);
  assertProblem(withAwsEndpoint({ port: 65536 }), /port: must be at most 65535$/);
  assertProblem(
    withAwsEndpoint({ tls: { mode: "acme", email: "ops" } }),
    /tls\.email: "ops" is not an e-mail address$/,
  );
  assertProblem(
    withAwsEndpoint({ tls: { mode: "acmee" } }),
    /tls\.mode: must be one of "acme", "provided", "private"$/,
  );
  assertProblem(
    withLocal({ endpoint: { tls: { mode: "acme", email: "a@b.cd" } } }),
    /tls\.mode: must be one of "private", "provided"$/,
  );
  assertProblem(
    withLocal({ endpoint: { tls: { mode: "provided", certificateFile: "~/c.pem", keyFile: "/k.pem" } } }),
    /tls\.certificateFile: "~\/c\.pem" is not an absolute path/,
  );
});

test("address ranges", () => {
  const withClients = (...clients: string[]) => withAws({ access: { clients } });
  assertProblem(
    withClients("203.0.113.7"),
    /clients\[0\]: "203\.0\.113\.7" is one address: write 203\.0\.113\.7\/32$/,
  );
  assertProblem(withClients("2001:db8::1"), /write 2001:db8::1\/128$/);
  assertProblem(withClients("10.0.0.1/8"), /has bits set behind its prefix: write 10\.0\.0\.0\/8$/);
  assertProblem(withClients("10.0.0.0/33"), /"\/33" is not a prefix length: 1 to 32$/);
  assertProblem(withClients("10.0/8"), /is not an address range/);
  assertProblem(
    withClients("0.0.0.0/0"),
    /is the whole internet; where that is meant, write `clients: public`$/,
  );
  assertProblem(
    withAws({ access: { clients: ["10.0.0.0/8"], metrics: ["::/0"] } }),
    /access\.metrics\[0\]: is the whole internet: name the addresses that you mean$/,
  );
  assertProblem(
    withAws({ topology: "cluster", storage: { kind: "bucket" }, apiAccess: ["0.0.0.0/0"] }),
    /apiAccess\[0\]: is the whole internet: name the addresses that you mean$/,
  );
  assertProblem(withClients("10.0.0.0/8", "10.1.0.0/16"), /clients\[1\]: is already part of 10\.0\.0\.0\/8$/);
  assertProblem(
    withClients("10.1.0.0/16", "10.1.0.0/16"),
    /clients\[1\]: is already part of 10\.1\.0\.0\/16$/,
  );
  assert.deepEqual(problemsOf(withClients("10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32")), []);
  const list = "pl-0123456789abcdef0";
  assert.deepEqual(problemsOf(withClients("10.0.0.0/9", list)), []);
  assertProblem(withClients(list, list), /clients\[1\]: is already part of pl-0123456789abcdef0$/);
  assertProblem(withClients("pl-1"), /clients\[0\]: "pl-1" is not the id of a prefix list/);
});

test("sizes, and combinations of provider, topology and storage", () => {
  const withSize = (size: unknown) => withAws({ storage: { kind: "disk", size } });
  for (const size of ["20GB", "20", "-1GiB", "1e3GiB", ""])
    assertProblem(withSize(size), /size: ".*" is not a size: write it like/);
  assertProblem(withSize(20), /size: is a number, not a size: write it like 200GiB/);
  assertProblem(withSize("0GiB"), /size: "0GiB" is too small: at least 1GiB$/);
  assertProblem(withSize("1.5GiB"), /is not a whole number of GiB$/);
  assertProblem(withSize("65TiB"), /is more than one disk can have: at most 65536GiB$/);
  assertProblem(withLocal({ topology: "cluster" }), /topology: must be "vm" here$/);
  assertProblem(withLocal({ storage: { kind: "bucket" } }), /storage\.kind: must be `disk` here/);
  assertProblem(
    withAws({ topology: "cluster", storage: { kind: "disk" }, apiAccess: ["192.0.2.0/24"] }),
    /^regions\[0\]\.storage\.kind: must be `bucket` here/,
  );
  assertProblem(withAws({ network: { subnet: "subnet-0123456789abcdef0" } }), /network\.vpc: is missing/);
  assertProblem(
    withAws({ network: { vpc: "create", subnet: "subnet-0123456789abcdef0" } }),
    /network\.subnet: doesn't go with `vpc: create`: leave it out, or change `vpc` \(`create`, or the id of an existing VPC\)$/,
  );
});

test("the storage of an existing cluster: a volume per replica, or exactly one bucket that is there", () => {
  const storageOf = (storage: object) => parseConfig(withKubernetes({ storage })).regions[0]?.storage;
  const s3 = { bucket: "blobs", region: "eu-central-1" };
  const azure = { account: "blobs", container: "blobs" };
  assert.deepEqual(parseConfig(withKubernetes({})).regions[0]?.storage, { kind: "disk", sizeGiB: "auto" });
  assert.deepEqual(storageOf({ kind: "disk", size: "1TiB", class: "fast" }), {
    kind: "disk",
    sizeGiB: 1024,
    class: "fast",
  });
  assert.deepEqual(storageOf({ kind: "bucket", s3 }), {
    kind: "bucket",
    delivery: "proxied",
    scratchGiB: "auto",
    s3: { ...s3, pathStyle: false },
  });
  const scratch = (size: string) => storageOf({ kind: "bucket", s3, scratch: size });
  assert.equal((scratch("0.5TiB") as { scratchGiB?: number }).scratchGiB, 512);
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3, scratch: "0.5GiB" } }),
    /storage\.scratch: "0\.5GiB" is too small: at least 1GiB$/,
  );
  assert.deepEqual(storageOf({ kind: "bucket", delivery: "redirect", azure }), {
    kind: "bucket",
    delivery: "redirect",
    scratchGiB: "auto",
    azure,
  });
  const one = /^regions\[0\]\.storage: must name one bucket: `s3: \{ bucket, region \}` or `azure: /;
  assertProblem(withKubernetes({ storage: { kind: "bucket" } }), one);
  assertProblem(withKubernetes({ storage: { kind: "bucket", s3, azure } }), one);
  assertProblem(
    withKubernetes({ storage: { kind: "disk", s3 } }),
    /storage\.s3: goes with `kind: bucket` only/,
  );
  assertProblem(
    withKubernetes({ storage: { kind: "bucket", s3: { ...s3, bucket: "My_Blobs" } } }),
    /storage\.s3\.bucket: "My_Blobs" is not the name of an S3 bucket$/,
  );
  for (const endpoint of ["http://minio.minio.svc:9000", "https://minio.minio.svc", "http://[::1]:9000"]) {
    const at = (delivery: string) =>
      withKubernetes({ storage: { kind: "bucket", delivery, s3: { ...s3, endpoint, pathStyle: true } } });
    assertProblem(
      at("redirect"),
      /^regions\[0\]\.storage\.s3\.endpoint: is a Service or a loopback address, .*`delivery: proxied`$/,
    );
    assert.deepEqual(problemsOf(at("proxied")), []);
  }
});

test("the workload of a cluster", () => {
  assertProblem(withKubernetes({ replicas: { min: 3, max: 2 } }), /replicas\.max: is less than `min`$/);
  assertProblem(
    withKubernetes({ expose: { kind: "ingress" } }),
    /expose\.proxies: is missing: The controller's Pods, by address range or by labels/,
  );
  const behind = (...proxies: unknown[]) => withKubernetes({ expose: { kind: "ingress", proxies } });
  assertProblem(
    behind({}),
    /expose\.proxies\[0\]: selects nothing: set `namespaceLabels`, `podLabels` or both$/,
  );
  assertProblem(
    behind({ namespaceLabels: { team: "a" }, podLabel: { app: "a" } }),
    /expose\.proxies\[0\]\.podLabel: unknown key; did you mean/,
  );
  assertProblem(
    behind("10.1.0.1"),
    /expose\.proxies\[0\]: "10\.1\.0\.1" is one address: write 10\.1\.0\.1\/32$/,
  );
  assertProblem(behind(3), /expose\.proxies\[0\]: must be an address range, like .* or the labels of Pods/);
  assertProblem(
    withKubernetes({
      access: { clients: "public", metrics: ["10.0.0.0/8", { podLabels: { app: "a" } }, "10.1.0.0/16"] },
    }),
    /access\.metrics\[2\]: is already part of 10\.0\.0\.0\/8$/,
  );
  assertProblem(
    withKubernetes({ access: { clients: [{ podLabels: { app: "a" } }] } }),
    /access\.clients\[0\]: must be an address range: .*`access\.metrics` and `expose\.proxies`$/,
  );
  assertProblem(withKubernetes({ expose: { kind: "nodePort" } }), /expose\.kind: must be one of/);
  assertProblem(
    withKubernetes({ namespace: "Registry" }),
    /namespace: "Registry" is not the name of a namespace/,
  );
  assertProblem(
    withKubernetes({ endpoint: { hostname: "c.example.com", tls: { mode: "issuer" } } }),
    /endpoint\.tls\.name: is missing/,
  );
  assertProblem(
    withKubernetes({
      endpoint: { hostname: "c.example.com", tls: { mode: "acme", email: "platform@example.com" } },
    }),
    /endpoint\.tls\.mode: must be one of "issuer", "gateway", "provided", "private"$/,
  );
  const operator = (changes: object) => withKubernetes({ operator: changes });
  assertProblem(operator({ labels: { "a/b/c": "d" } }), /is not a key of a label or annotation/);
  assertProblem(operator({ labels: { team: "not a value" } }), /is not the value of a label/);
  const cluster = {
    topology: "cluster",
    storage: { kind: "bucket" },
    apiAccess: ["192.0.2.0/24"],
  };
  assertProblem(withAws({ ...cluster, apiAccess: undefined }), /apiAccess: is missing/);
  assertProblem(withAws({ ...cluster, version: "1.36.3" }), /version: "1\.36\.3" is not a minor version/);
  assertProblem(
    withAws({ ...cluster, network: { vpc: "vpc-0123456789abcdef0" } }),
    /network\.vpc: must be `create`; an existing one needs `nodeSubnets` and `loadBalancerSubnets` beside it$/,
  );
});

test("duplicates", () => {
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

test("ports of local regions", () => {
  const regions = (...changes: object[]) => ({
    ...local,
    regions: changes.map((change, index) => ({ name: `r${index}`, ...change })),
  });
  assertProblem(
    regions({ endpoint: { port: 15003 } }),
    /^regions\[0\]\.internalPort: ports 15000-15011 overlaps port 15003 of regions\[0\]\.endpoint\.port: choose another$/,
  );
  assertProblem(
    regions({}, { endpoint: { port: 9443 } }),
    /^regions\[1\]\.internalPort: ports 15000-15011 overlaps .* of regions\[0\]\.internalPort/,
  );
  assertProblem(regions({}, { internalPort: 16000 }), /^regions\[1\]\.endpoint\.port: port 8443 overlaps/);
  assertProblem(
    regions({ internalPort: 65530 }),
    /^regions\[0\]\.internalPort: needs 12 ports from here, beyond the last, 65535: start lower$/,
  );
  assert.deepEqual(problemsOf(regions({}, { endpoint: { port: 9443 }, internalPort: 15012 })), []);
});

test("credentials: named, present, encrypted, and never repeated", () => {
  const named = withUpstream({ credentials: "gsoci-credentials" });
  const password = { secure: "v1:abc" };
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { username: "u", password } }), []);
  assert.deepEqual(problemsOf({ ...named, "gsoci-credentials": { secure: "v1:abc" } }), []);
  assertProblem(
    named,
    /^upstreams\[0\]\.credentials: names the key "gsoci-credentials", which this stack doesn't have: pulumi config set --secret --path registry-cache:gsoci-credentials\.password$/,
  );
  assert.deepEqual(problemsOf({ ...named, "gsoci-credential": { username: "u", password } }), [
    'upstreams[0].credentials: names the key "gsoci-credentials", which this stack doesn\'t have: did you mean "gsoci-credential"? If not: pulumi config set --secret --path registry-cache:gsoci-credentials.password',
    "registry-cache:gsoci-credential: nothing names these credentials: remove them, or name them in `credentials`",
  ]);
  assertProblem(
    { ...named, "gsoci-credentials": { username: "u", password: "hunter2" } },
    /^registry-cache:gsoci-credentials\.password: is not encrypted/,
  );
  assertProblem(
    { ...named, "gsoci-credentials": { username: "u" } },
    /^registry-cache:gsoci-credentials\.password: is missing/,
  );
  assertProblem(
    { ...named, "gsoci-credentials": "hunter2" },
    /^registry-cache:gsoci-credentials: must be a secret mapping/,
  );
  assertProblem(
    { ...local, "gsoci-credentials": { username: "u", password: "readable" } },
    /^registry-cache:gsoci-credentials: unknown key/,
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
      /^upstreams\[0\]\.credentials: must be the name of a secret key (?!.*hunter2).*: set them by `pulumi config set --secret --path registry-cache:team-login\.password`, and write `team-login` here/,
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
