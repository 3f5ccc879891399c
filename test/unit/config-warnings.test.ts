import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { baseImageNames, defaultImages, type ImageName } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { configWarnings } from "../../components/config/warnings.ts";
import { projectDirectory } from "../support/project.ts";
import { awsRegion, local, withAws, withKubernetes, withUpstream } from "../support/raw-stacks.ts";
import { stackFiles } from "../support/stack-files.ts";

/** The warnings about an accepted configuration, as lines `path: message`. */
function warningsOf(raw: Record<string, unknown>): string[] {
  return configWarnings(parseConfig(raw)).map(({ path, message }) => `${path}: ${message}`);
}

function assertWarning(raw: Record<string, unknown>, expected: RegExp): void {
  const warnings = warningsOf(raw);
  assert.equal(warnings.length, 1, warnings.join("\n") || `no warning, expected ${expected}`);
  assert.match(warnings[0] ?? "", expected);
}

test("has no warnings for the project's stack files", () => {
  const read = (file: string) => readFileSync(join(projectDirectory, file), "utf8");
  for (const { file } of stackFiles)
    assert.deepEqual(warningsOf(readStackFile(read("Pulumi.yaml"), read(file))), [], file);
});

test("has no warnings for an ordinary stack", () => {
  for (const raw of [local, withAws({}), withKubernetes({})]) assert.deepEqual(warningsOf(raw), []);
  assert.deepEqual(warningsOf(withAws({ access: { clients: "public" } })), []);
});

test("warns of private ranges at a public endpoint", () => {
  const clients = [
    "203.0.113.0/24",
    "10.0.0.0/8",
    "172.20.0.0/16",
    "100.64.0.0/16",
    "fd00::/8",
    "192.0.0.0/8",
    "2001:db8::/32",
  ];
  assertWarning(
    withAws({ access: { clients } }),
    /^regions\[0\]\.access\.clients: 10\.0\.0\.0\/8, 172\.20\.0\.0\/16, 100\.64\.0\.0\/16, fd00::\/8: no client/,
  );
  assert.deepEqual(
    warningsOf(withKubernetes({ access: { clients } })),
    [],
    "its load balancer may be internal",
  );
});

test("warns of private ranges for a machine's metrics, and for a cluster's API", () => {
  const privately = { clients: ["203.0.113.0/24"], metrics: ["198.51.100.10/32", "10.0.0.0/8"] };
  assertWarning(
    withAws({ access: privately }),
    /^regions\[0\]\.access\.metrics: 10\.0\.0\.0\/8: no client reaches a public endpoint from a private address\. Write the public addresses/,
  );
  const cluster = { topology: "cluster", storage: { kind: "bucket" }, access: privately };
  const apiAccess = ["198.51.100.0/28", "192.168.0.0/16"];
  const endpoint = { ...awsRegion.endpoint, zoneResourceGroup: "dns" };
  assertWarning(
    { ...withAws({ ...cluster, name: "westeurope", endpoint, apiAccess }), provider: "azure" },
    /^regions\[0\]\.apiAccess: 192\.168\.0\.0\/16: no client reaches .* Write the public addresses/,
  );
  const inAws = (apiAccess: string[]) => withAws({ ...cluster, apiAccess });
  assertWarning(
    inAws(apiAccess),
    /^regions\[0\]\.apiAccess: 192\.168\.0\.0\/16: while there are public ranges, too, only the resolvers of the cluster's own network know the API's private address\. For clients in other networks, forward /,
  );
  for (const ranges of [["198.51.100.0/28"], ["192.168.0.0/16"]])
    assert.deepEqual(warningsOf(inAws(ranges)), [], "Pods reach the metrics from private addresses");
});

test("warns of public ranges at a private endpoint, and of a network without connections", () => {
  const endpoint = { ...awsRegion.endpoint, exposure: "private" };
  const network = { vpc: "vpc-0123456789abcdef0", subnet: "subnet-0123456789abcdef0" };
  const clients = ["10.0.0.0/8", "203.0.113.0/24", "pl-0123456789abcdef0"];
  assertWarning(
    withAws({ endpoint, network, access: { clients } }),
    /^regions\[0\]\.access\.clients: 203\.0\.113\.0\/24: the endpoint is private, and these addresses are public/,
  );
  const privately = { access: { clients: ["10.0.0.0/8"] } };
  assertWarning(
    withAws({ endpoint, ...privately }),
    /^regions\[0\]\.network: is created by the stack: no client reaches the private endpoint in it until/,
  );
  const privateLink = { allowed: ["123456789012"] };
  assert.deepEqual(warningsOf(withAws({ endpoint: { ...endpoint, privateLink }, ...privately })), []);
});

test("warns of an e-mail address from the examples, which Let's Encrypt refuses, for a name that isn't one", () => {
  const of = (email: string, hostname = "cache.corp.io") =>
    withAws({ endpoint: { hostname, zone: hostname.slice(6), tls: { mode: "acme", email } } });
  for (const domain of ["example.com", "example.net", "Example.org"])
    assertWarning(
      of(`platform@${domain}`),
      /^regions\[0\]\.endpoint\.tls\.email: platform@example\.\S+ is an address from an example, which Let's Encrypt refuses: write a real one$/i,
    );
  for (const raw of [
    of("platform@corp.io"),
    of("a@mail.example.com"),
    of("a@example.com", "cache.example.org"),
  ])
    assert.deepEqual(warningsOf(raw), []);
});

test("warns of an S3 server in the cluster whose buckets have no host names", () => {
  const storage = (s3: object) => ({
    kind: "bucket",
    s3: { bucket: "blobs", region: "eu-central-1", endpoint: "http://minio.minio.svc:9000", ...s3 },
  });
  assertWarning(
    withKubernetes({ storage: storage({}) }),
    /^regions\[0\]\.storage\.s3\.pathStyle: is false, and blobs\.minio\.minio\.svc is no name of a Service: set it to true$/,
  );
  for (const s3 of [{ pathStyle: true }, { endpoint: "https://s3.example.com" }])
    assert.deepEqual(warningsOf(withKubernetes({ storage: storage(s3) })), []);
});

test("warns of a registry that clients don't name", () => {
  for (const registry of ["registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"])
    assertWarning(
      withUpstream({ registry, repositories: ["library/*"] }),
      /^upstreams\[0\]\.registry: .*write `docker\.io`$/,
    );
});

test("warns of globs that allow everybody, or match nothing", () => {
  const withGlob = (registry: string, glob: string) =>
    withUpstream({ registry, repositories: ["a/b", glob] });
  for (const glob of ["**", "*/**", "**/nginx"])
    assertWarning(
      withGlob("docker.io", glob),
      /^upstreams\[0\]\.repositories\[1\]: lets in what anyone publishes/,
    );
  for (const registry of ["gcr.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.gitlab.com"])
    assertWarning(withGlob(registry, "**"), new RegExp(`lets in what anyone publishes at ${registry}: `));
  assertWarning(withGlob("ghcr.io", "ghcr.io/org/**"), /matches nothing: .* so write "org\/\*\*"$/);
  for (const glob of ["nginx", "*"])
    assertWarning(withGlob("docker.io", glob), /matches nothing: .* official images are "library\//);
  for (const [registry, glob] of [
    ["gsoci.azurecr.io", "**"],
    ["gsoci.azurecr.io", "base"],
    ["ghcr.io", "org/**"],
    ["docker.io", "library/*"],
    ["cache.example.com", "ghcr.io/org/**"],
  ] as const)
    assert.deepEqual(warningsOf(withGlob(registry, glob)), []);
});

test("warns of credentials whose repositories are all allowed", () => {
  const withGlob = (registry: string, glob: string) => ({
    ...withUpstream({ registry, repositories: ["a/b", glob], credentials: "login" }),
    login: { username: "reader", password: { secure: "v1:abc=" } },
  });
  for (const registry of ["gsoci.azurecr.io", "ghcr.io"])
    for (const glob of ["**", "*/**", "*/*"])
      assertWarning(
        withGlob(registry, glob),
        /^upstreams\[0\]\.repositories\[1\]: lets all clients pull, without a password, everything that `credentials` can read: name the repositories that you mean, like "team\/\*\*"$/,
      );
  for (const glob of ["team/**", "*/public", "**/nginx"])
    assert.deepEqual(warningsOf(withGlob("gsoci.azurecr.io", glob)), []);
});

test("warns of a probe that the allow-list refuses", () => {
  const withProbe = (probe: string) => withUpstream({ repositories: ["team/*", "charts/**"], probe });
  assert.deepEqual(warningsOf(withProbe("team/app:1.0")), []);
  assert.deepEqual(warningsOf(withProbe("charts/team/app:1.0")), []);
  for (const probe of ["other/app:1.0", "team/app/part:1.0", "my/team/app:1.0"])
    assertWarning(withProbe(probe), /^upstreams\[0\]\.probe: is refused by the cache: no glob/);
  assertWarning(
    withProbe("gsoci.azurecr.io/team/app:1.0"),
    /^upstreams\[0\]\.probe: is refused by the cache: leave out the registry and write "team\/app:1\.0"$/,
  );
});

test("warns of a cluster's Service for a machine outside of the cluster", () => {
  const monitoring = {
    alertmanagers: ["https://alerts.example.com", "http://alertmanager.monitoring.svc:9093"],
    remoteWrite: { url: "http://mimir.mimir.svc.cluster.local/push" },
  };
  assert.deepEqual(warningsOf({ ...withKubernetes({}), monitoring }), []);
  assert.deepEqual(
    warningsOf({ ...withAws({}), monitoring }).map((line) => line.split(": ")[0]),
    ["monitoring.alertmanagers[1]", "monitoring.remoteWrite.url"],
  );
  assertWarning(
    withUpstream({ url: "http://zot.zot.svc:5000" }),
    /^upstreams\[0\]\.url: is the name of a Service/,
  );
});

test("warns of a misspelt platform", () => {
  const withPlatforms = (...platforms: string[]) => ({ ...local, prefetch: { platforms } });
  assert.deepEqual(warningsOf(withPlatforms("linux/arm64/v8", "linux/s390x", "windows/amd64")), []);
  assertWarning(
    withPlatforms("linux/amd64", "linux/arn64"),
    /^prefetch\.platforms\[1\]: "linux\/arn64" is not a platform .* did you mean "linux\/arm64"\?$/,
  );
});

describe("warns of images", () => {
  const mirrored = (...names: ImageName[]) => ({
    images: Object.fromEntries(names.map((name) => [name, `mirror.example.com/${name}:stable`])),
  });

  test("older than the project's own, wherever they come from", () => {
    const warnings = (edge: string) => warningsOf({ ...withAws({}), images: { edge } });
    const [, version = ""] = /:([\d.]+)-/.exec(defaultImages.edge) ?? [];
    const digest = `sha256:${"0".repeat(64)}`;
    const reference = (tag: string) => `m.example.com:5000/nginx-unprivileged${tag}`;
    assert.deepEqual(warnings(reference(`:1.9.20-alpine@${digest}`)), [
      `images.edge: 1.9.20 is older than ${version}, which this version of the project uses: remove the key, or copy the newer image to your mirror (docs/images.md)`,
    ]);
    const [major, minor] = version.split(".");
    for (const tag of [`:${version}`, ":99.0-alpine", `:${major}`, `:${major}.${minor}-alpine-slim`])
      assert.deepEqual(warnings(reference(tag)), []);
    for (const tag of [`@${digest}`, ":stable", ":0f2c1ab"]) assert.deepEqual(warnings(reference(tag)), []);
    for (const image of ["m.example.com/our-nginx:1.0.0", "localhost/built/nginx-unprivileged:1.0.0"])
      assert.deepEqual(warnings(image), []);
  });

  test("that a stack with a mirror still takes from elsewhere, if they are the smaller part", () => {
    const machine = { ...withAws({}), ...mirrored("edge", "origin", "exporter", "prometheus") };
    assertWarning(
      machine,
      /^images: blackbox, acme: still from docker\.io\. If only the mirror can be reached, name these, too \(docs\/images\.md#a-mirror\)$/,
    );
    assertWarning(
      { ...machine, prefetch: {} },
      /^images: blackbox, acme, prefetch: still from docker\.io, ghcr\.io\. /,
    );
    const cluster = { ...withKubernetes({}), images: machine.images };
    assertWarning(cluster, /^images: blackbox: still from docker\.io\. /);
    for (const raw of [
      { ...withKubernetes({}), ...mirrored(...baseImageNames) },
      { ...machine, ...mirrored("edge") },
      {
        ...machine,
        images: { ...machine.images, blackbox: defaultImages.blackbox, acme: defaultImages.acme },
      },
      {
        ...machine,
        images: { edge: "docker.io/a/b:1", origin: "docker.io/a/b:1", prometheus: "docker.io/a/b:1" },
      },
    ])
      assert.deepEqual(warningsOf(raw), []);
  });

  test("from private ECR on a machine, which pulls without a login, unless it has a base image", () => {
    const images = {
      edge: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/edge:1",
      origin: "public.ecr.aws/a/b:1",
    };
    assertWarning(
      { ...withAws({}), images },
      /^images: edge: 123456789012\.dkr\.ecr\.eu-central-1\.amazonaws\.com answers only with a login, and a machine pulls without one: set `machine\.image` to a base image that has the images \(docs\/images\.md#a-mirror\), or name a registry that needs no login$/,
    );
    for (const raw of [withAws({ machine: { image: "ami-0123456789abcdef0" } }), withKubernetes({}), local])
      assert.deepEqual(warningsOf({ ...raw, images }), []);
  });
});
