/** The contestants. Each listens on loopback, with its store in the temporary directory. */
import { chmod, link, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { defaultImages } from "../../components/config/images.ts";
import type { Engine } from "../../components/config/upstream.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { block, directive, renderNginxConf } from "../../components/pod/nginx-conf.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { startCache, type TestCache } from "../support/cache.ts";
import { get } from "../support/http.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";
import type { FarUpstream } from "./far-upstream.ts";
import type { ContestantName } from "./measurement.ts";

export interface Contestant {
  readonly name: ContestantName;
  readonly url: URL;
  /** The authority of its certificate, as a path and PEM; none for plain HTTP. */
  readonly caFile?: string;
  readonly ca?: string;
  /** The serving processes, without their descendants. */
  readonly processes: readonly number[];
}

export type Started = Contestant & AsyncDisposable;

/** The Pod, with access to its parts. */
export interface PodContestant extends Contestant {
  readonly ca: string;
  readonly caFile: string;
  readonly cache: TestCache;
  /** The edge's container. */
  readonly edge: string;
}

/** The Pod with only this upstream. @param freshnessSeconds the maximum age of a tag @param engine of the upstream */
export async function startPod(
  { url }: FarUpstream,
  freshnessSeconds: number,
  engine: Engine = "distribution",
): Promise<PodContestant & AsyncDisposable> {
  const upstream = {
    name: "gsoci",
    registry: "registry.test",
    url: url.origin,
    repositories: ["giantswarm/**"],
  };
  const cache = await startCache({
    upstreams: [engine === "zot" ? { ...upstream, engine } : upstream],
    region: { freshnessSeconds, storage: { kind: "disk", size: "20GiB" } },
    hasPrometheus: true,
  });
  const containers = cache.parts().map(({ container }) => cache.container(container));
  const pids = await podman(["inspect", "--format", "{{.State.Pid}}", ...containers]);
  return {
    name: engine === "zot" ? "pod-zot" : "pod",
    url: cache.url,
    caFile: cache.caFile,
    ca: cache.ca,
    processes: pids.split("\n").map(Number),
    cache,
    edge: cache.container("edge"),
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}

/** The registry program of the Pod's origin, as a pull-through cache by its documentation. */
export async function startDistribution(upstream: FarUpstream): Promise<Started> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await tempDir());
  const certificate = await certificateIn(directory.path);
  const port = await freePort();
  const config = join(directory.path, "config.yml");
  await writeFile(
    config,
    stringify({
      version: "0.1",
      log: { level: "warn", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory.path, "data") } },
      http: {
        addr: `127.0.0.1:${port}`,
        tls: { certificate: certificate.certificateFile, key: certificate.keyFile },
      },
      proxy: { remoteurl: upstream.url.origin },
    }),
  );
  const registry = started.use(
    await startProcess(await ensureTool("registry"), ["serve", config], {
      logFile: join(directory.path, "log"),
      env: { OTEL_TRACES_EXPORTER: "none" },
    }),
  );
  const url = new URL(`https://localhost:${port}`);
  await waitUntil(
    "distribution answers",
    async () => (await get(new URL("/v2/", url), certificate)).status === 200,
  );
  return { name: "distribution", url, ...certificate, processes: [registry.pid], ...disposal(started) };
}

/** zot v1.4.3, the newest version that can be built here, as a pull-through cache by its documentation: https://zotregistry.dev/v1.4.3/articles/mirroring */
export async function startZot(upstream: FarUpstream): Promise<Started> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await tempDir());
  const certificate = await certificateIn(directory.path);
  const port = await freePort();
  const config = join(directory.path, "config.json");
  await writeFile(
    config,
    JSON.stringify({
      storage: { rootDirectory: join(directory.path, "data") },
      http: {
        address: "127.0.0.1",
        port: String(port),
        tls: { cert: certificate.certificateFile, key: certificate.keyFile },
      },
      log: { level: "error" },
      extensions: {
        // With plain HTTP, there is nothing to verify.
        sync: {
          enable: true,
          registries: [{ urls: [upstream.url.origin], onDemand: true, tlsVerify: false }],
        },
      },
    }),
  );
  const zot = started.use(
    await startProcess(await ensureTool("zot"), ["serve", config], { logFile: join(directory.path, "log") }),
  );
  const url = new URL(`https://localhost:${port}`);
  await waitUntil("zot answers", async () => (await get(new URL("/v2/", url), certificate)).status === 200);
  return { name: "zot", url, ...certificate, processes: [zot.pid], ...disposal(started) };
}

/** The upstream itself, over plain HTTP, which is a little faster than a real one. */
export function direct(upstream: FarUpstream): Contestant {
  return { name: "direct", url: upstream.url, processes: [] };
}

/**
 * nginx of the Pod's edge image, with the TLS settings and the number of workers and connections of a running edge. It serves a file under the path
 * of a blob.
 * @param edge the edge's container
 * @param path that clients request
 */
export async function startLimit({
  edge,
  path,
  file,
}: {
  edge: string;
  path: string;
  file: string;
}): Promise<Started> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await tempDir());
  const certificate = await certificateIn(directory.path);
  const port = await freePort();
  const served = join(directory.path, "served", path);
  await mkdir(dirname(served), { recursive: true });
  await link(file, served);
  await writeFile(join(directory.path, "nginx.conf"), limitConfig(port, await edgeConfig(edge)));
  const { edge: image } = await ensureImages(defaultImages);
  const mounts = ["nginx.conf", "served", "tls"].map(
    (name) => `--volume=${join(directory.path, name)}:/bench/${name}:ro`,
  );
  const run = ["run", "--detach", "--rm", "--network=host", "--tmpfs=/tmp", ...mounts];
  const container = await podman([...run, image, "nginx", "-c", "/bench/nginx.conf", "-g", "daemon off;"]);
  started.defer(async () => {
    await podman(["stop", "--time=1", container]);
  });
  const pid = Number(await podman(["inspect", "--format", "{{.State.Pid}}", container]));
  const url = new URL(`https://localhost:${port}`);
  await waitUntil(
    "the limit answers",
    async () => (await get(new URL(path, url), { ...certificate, method: "HEAD" })).status === 200,
  );
  return { name: "limit", url, ...certificate, processes: [pid], ...disposal(started) };
}

function limitConfig(port: number, edgeConfig: string): string {
  const copied = [...edgeConfig.matchAll(/^\s*(worker_\w+s|ssl_(?!certificate)\w+) (.+);$/gm)];
  const same = copied.map(([, name = "", args = ""]) => directive(name, ...args.split(" ")));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return renderNginxConf([
    ...same.filter(({ name }) => name === "worker_processes"),
    directive("pid", "/tmp/nginx.pid"),
    directive("error_log", "/dev/stderr", "warn"),
    block(
      "events",
      same.filter(({ name }) => name === "worker_connections"),
    ),
    block("http", [
      directive("access_log", "off"),
      ...temporary.map((name) => directive(`${name}_temp_path`, `/tmp/${name}`)),
      block("server", [
        directive("listen", `127.0.0.1:${port}`, "ssl"),
        directive("ssl_certificate", "/bench/tls/tls.crt"),
        directive("ssl_certificate_key", "/bench/tls/tls.key"),
        ...same.filter(({ name }) => name.startsWith("ssl_")),
        directive("root", "/bench/served"),
      ]),
    ]),
  ]);
}

/** The configuration of a running edge. */
export function edgeConfig(container: string): Promise<string> {
  return podman(["exec", container, "cat", "/etc/registry-cache/edge/nginx.conf"]);
}

/** A certificate for `localhost` like the local host's. Any user of a container can read its key. */
async function certificateIn(directory: string) {
  const names = ["localhost"];
  const authority = await makeAuthority(names, join(directory, "ca"));
  await mkdir(join(directory, "tls"));
  const files = { certificateFile: join(directory, "tls/tls.crt"), keyFile: join(directory, "tls/tls.key") };
  await issue(authority, names, files);
  await chmod(files.keyFile, 0o644);
  return {
    ...files,
    caFile: authority.certificateFile,
    ca: await readFile(authority.certificateFile, "utf8"),
  };
}

function disposal(started: AsyncDisposableStack): AsyncDisposable {
  const resources = started.move();
  return { [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
