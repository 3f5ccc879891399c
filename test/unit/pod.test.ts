import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { defaultImages } from "../../components/config/images.ts";
import { podPorts } from "../../components/config/ports.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { originCredentials } from "../../components/pod/origin.ts";
import { terminationGraceSeconds } from "../../components/pod/part.ts";
import { podUser, renderPod } from "../../components/pod/pod.ts";
import { secretDirectory } from "../../components/pod/secrets.ts";
import { script } from "../../components/shell/script.ts";
import { defaultMonitoring } from "../support/monitoring.ts";
import { podRegion } from "../support/pod-options.ts";

const upstream = (name: string) => ({
  name,
  registry: `${name}.example.com`,
  url: `https://${name}.example.com`,
  repositories: ["**"],
});

const options: PodOptions = {
  name: "cache",
  region: podRegion("cache", "cache.example.com", 443),
  upstreams: [upstream("one"), { ...upstream("two"), credentials: "login" }],
  images: {},
  ports: podPorts(15000, 2),
  listen: { addresses: ["127.0.0.1"], port: 8443 },
  clients: ["127.0.0.0/8"],
  metricsClients: [],
  budget: diskBudget(20),
  edgeMemoryMiB: 512,
  monitoring: defaultMonitoring,
  provider: "local",
  hostNetwork: true,
  volumes: {
    tls: { hostPath: { path: "/data/tls" } },
    cache: { hostPath: { path: "/data/cache" } },
    prometheus: { hostPath: { path: "/data/prometheus" } },
    origin: (name) => ({ hostPath: { path: `/data/${name}` } }),
    secret: (name) => ({ hostPath: { path: `/secrets/${name}` } }),
  },
};
const { pod, configMaps, live } = renderPod(options);
const spec = pod.spec;
assert.ok(spec);

function file(container: string, name: string): string {
  return configMaps.find(({ metadata }) => metadata?.name?.endsWith(`-${container}`))?.data?.[name] ?? "";
}

test("confines every container, and limits its memory", () => {
  for (const { name, securityContext, resources } of spec.containers) {
    assert.deepEqual(
      securityContext,
      {
        runAsNonRoot: true,
        runAsUser: podUser,
        runAsGroup: podUser,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
      name,
    );
    assert.match(resources?.limits?.memory ?? "", /^\d+Mi$/, name);
  }
  assert.equal(spec.automountServiceAccountToken, false);
});

test("pins every image by digest", () => {
  for (const { name, image } of spec.containers) assert.match(image ?? "", /@sha256:[0-9a-f]{64}$/, name);
});

test("lists exactly the pinned images in docs/images.md", () => {
  const table = readFileSync(new URL("../../docs/images.md", import.meta.url), "utf8");
  const documented = [...table.matchAll(/^\| [^|]+ \| `([^`]+)` \|/gm)].map(([, image]) => image);
  const pinned = Object.values(defaultImages).map((image) => image.split("@")[0]);
  assert.deepEqual(documented, pinned);
});

test("has a volume for every mount, and mounts every volume", () => {
  const volumes = spec.volumes?.map(({ name }) => name) ?? [];
  const mounted = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
  assert.deepEqual(new Set(mounted), new Set(volumes));
  assert.equal(new Set(volumes).size, volumes.length);
});

test("gives each container its own ConfigMap, which it can't change", () => {
  assert.deepEqual(
    configMaps.map(({ metadata }) => metadata?.name),
    spec.containers.map(({ name }) => `cache-${name}`),
  );
  for (const { name, volumeMounts = [] } of spec.containers) {
    const mount = volumeMounts.find((it) => it.name === `cache-${name}`);
    assert.deepEqual(mount, {
      name: `cache-${name}`,
      mountPath: `/etc/registry-cache/${name}`,
      readOnly: true,
    });
  }
});

test("has the source's scripts in the ConfigMaps, without comments", () => {
  const sources = globSync("components/pod/**/*.sh").map(
    (path) => [basename(path), script(pathToFileURL(path).href, basename(path))] as const,
  );
  const scripts = configMaps.flatMap(({ data = {} }) =>
    Object.entries(data).filter(([file]) => file.endsWith(".sh")),
  );
  assert.ok(scripts.length > 0);
  for (const [file, text] of scripts) assert.equal(text, new Map(sources).get(file));
});

test("has an edge worker per processor, or the configured number", () => {
  const workersOf = ({ configMaps }: ReturnType<typeof renderPod>) =>
    configMaps[0]?.data?.["nginx.conf"]?.match(/^worker_processes (.+);$/m)?.[1];
  assert.equal(workersOf(renderPod(options)), "auto");
  assert.equal(workersOf(renderPod({ ...options, edgeWorkers: 3 })), "3");
});

test("gives a pull the grace period to end, and any time after a new certificate", () => {
  assert.equal(spec.terminationGracePeriodSeconds, terminationGraceSeconds);
  const drain = Number(file("origin-one", "config.yml").match(/draintimeout: (\d+)s/)?.[1]);
  assert.ok(drain >= terminationGraceSeconds - 10 && drain < terminationGraceSeconds, `${drain} s`);
  assert.match(file("edge", "nginx.conf"), /^worker_shutdown_timeout 6h;$/m);
});

test("reads credentials from a file if there are any, and has empty ones otherwise", () => {
  const origin = (upstream: string) => {
    const container = spec.containers.find(({ name }) => name === `origin-${upstream}`);
    assert.ok(container);
    return { ...container, helper: parse(file(container.name, "config.yml")).proxy.exec };
  };
  const [anonymous, known] = [origin("one"), origin("two")];
  assert.deepEqual(anonymous.helper, { command: "printenv" });
  assert.deepEqual(
    anonymous.env?.find(({ name }) => name === "get"),
    { name: "get", value: originCredentials() },
  );
  assert.equal(anonymous.workingDir, undefined);
  assert.deepEqual(known.helper, { command: "cat", lifetime: "1m" });
  assert.ok(!known.env?.some(({ name }) => name === "get"));
  const mount = known.volumeMounts?.find(({ mountPath }) => mountPath === known.workingDir);
  assert.deepEqual(mount, { name: "credentials-two", mountPath: secretDirectory, readOnly: true });
  assert.deepEqual(
    spec.volumes?.find(({ name }) => name === mount?.name),
    { name: "credentials-two", hostPath: { path: "/secrets/credentials-two" } },
  );
});

test("gives the stack's authorities to the containers that connect to servers of the team", () => {
  const store = { kind: "s3", bucket: "b", region: "eu-central-1", delivery: "proxied" } as const;
  const { pod, configMaps } = renderPod({ ...options, store, trustedAuthorities: "PEM" });
  const trusting = configMaps.filter(({ data }) => data?.["authorities.pem"] === "PEM");
  const names = ["origin-one", "origin-two", "stored-one", "stored-two", "prometheus", "blackbox"];
  assert.deepEqual(
    trusting.map(({ metadata }) => metadata?.name),
    names.map((name) => `cache-${name}`),
  );
  const directories = pod.spec?.containers.flatMap(({ name, env = [] }) =>
    env.flatMap((it) => (it.name === "SSL_CERT_DIR" ? [[name, it.value]] : [])),
  );
  assert.deepEqual(
    directories,
    names.map((name) => [name, `/etc/registry-cache/${name}`]),
  );
});

test("puts what a running container reloads into separate files, which it can check in their previous place", () => {
  assert.deepEqual(Object.keys(live), ["edge", "prometheus"]);
  for (const [container, { files, check = [] }] of Object.entries(live)) {
    for (const name of files) assert.notEqual(file(container, name), "", name);
    assert.ok(!files.some((name) => name.endsWith(".sh")));
    assert.ok(check.some((word) => word.startsWith(`/etc/registry-cache/${container}/.next`)));
  }
});

test("identifies the edge's configuration by its text", () => {
  const revisionOf = (change: Partial<PodOptions> = {}) => {
    const text = renderPod({ ...options, ...change }).configMaps[0]?.data?.["nginx.conf"] ?? "";
    return text.match(
      /location = \/revision \{\s+default_type text\/plain;\s+return 200 ([0-9a-f]{12});/,
    )?.[1];
  };
  assert.ok(revisionOf());
  assert.equal(revisionOf(), revisionOf());
  assert.notEqual(revisionOf({ clients: ["192.0.2.0/24"] }), revisionOf());
});

test("writes any credentials in the form of the docker-credential-helper protocol", () => {
  const credentials = { username: 'a"b', password: "p\\w\n$" };
  assert.deepEqual(JSON.parse(originCredentials(credentials)), {
    ServerURL: "",
    Username: credentials.username,
    Secret: credentials.password,
  });
});

test("makes the same bytes from the same options", () => {
  const [one, other] = [renderPod(options), renderPod(options)].map((manifests) => JSON.stringify(manifests));
  assert.ok(one === other);
});

test("throws for an upstream without ports, which is the caller's mistake", () => {
  assert.throws(() => renderPod({ ...options, ports: podPorts(15000, 1) }), RangeError);
});
