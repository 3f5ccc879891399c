/** A copy of the Pod's edge with another configuration, to measure what a directive costs or saves. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { defaultImages } from "../../components/config/images.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { edgePaths } from "../../components/pod/edge/paths.ts";
import { podUser } from "../../components/pod/pod.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { mainPid } from "../support/cache-containers.ts";
import { get } from "../support/http.ts";
import { freePort } from "../support/ports.ts";
import { tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";
import { edgeConfig, type PodContestant, type Started } from "./contestants.ts";

/** Changes nginx.conf. */
export type Edit = (config: string) => string;

/** Replaces all directives of a name. @throws RangeError if there is none */
export function replace(name: string, line: string): Edit {
  const pattern = new RegExp(`^( *)${name}(?: [^;]*)?;$`, "gm");
  return (config) => {
    if (config.search(pattern) < 0) throw new RangeError(`no ${name} in the edge's configuration`);
    return config.replace(pattern, `$1${line};`);
  };
}

/** Adds directives to the http block. */
export function add(...lines: readonly string[]): Edit {
  return (config) =>
    config.replace(/^http \{$/m, `http {\n${lines.map((line) => `    ${line};\n`).join("")}`);
}

export function workersPerProcessor(count: number): Edit {
  return (config) =>
    config.replace(/^worker_processes (\d+);$/m, (_, now) => `worker_processes ${Number(now) * count};`);
}

/** @param diskRate maximum bytes per second that it may read, in podman's notation. @default unlimited */
export async function startTrialEdge(
  pod: PodContestant,
  { edits = [], diskRate }: { edits?: readonly Edit[]; diskRate?: string | undefined },
): Promise<Started & { files: string }> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await tempDir());
  await chmod(directory.path, 0o755);
  const { layout } = pod.cache;
  // Hard links, so that all edges share the same pages in memory.
  const cache = join(directory.path, "cache");
  await mkdir(join(cache, "tmp"), { recursive: true });
  await execa("cp", ["-al", join(layout.cache, "blobs"), join(layout.cache, "manifests"), cache]);
  await execa("chown", [`${podUser}:${podUser}`, cache, join(cache, "tmp")]);
  let config = edits.reduce((text, edit) => edit(text), await edgeConfig(pod.edge));
  let port = pod.url.port;
  for (const taken of new Set([...config.matchAll(/^ *listen \S+?:(\d+)/gm)].map(([, it = ""]) => it))) {
    const own = String(await freePort());
    if (taken === pod.url.port) port = own;
    config = config.replaceAll(new RegExp(`(127\\.0\\.0\\.1:)${taken}\\b`, "g"), `$1${own}`);
  }
  await writeFile(join(directory.path, "nginx.conf"), config);
  const { edge: image } = await ensureImages(defaultImages);
  const container = await podman([
    ...["run", "--detach", "--rm", "--network=host", `--user=${podUser}:${podUser}`],
    `--volume=${join(directory.path, "nginx.conf")}:/bench/nginx.conf:ro`,
    `--volume=${layout.tls}:${edgePaths.tls}:ro`,
    `--volume=${cache}:${edgePaths.cache}`,
    ...(diskRate === undefined ? [] : [`--device-read-bps=${await diskOf(cache)}:${diskRate}`]),
    ...[image, "nginx", "-c", "/bench/nginx.conf", "-e", "/dev/stderr", "-g", "daemon off;"],
  ]);
  started.defer(async () => {
    await podman(["stop", "--time=1", container]);
  });
  const url = new URL(`https://localhost:${port}`);
  await waitUntil(
    "the trial's edge answers",
    async () => (await get(new URL("/v2/", url), { ca: pod.ca })).status === 200,
  );
  const { ca, caFile } = pod;
  const resources = started.move();
  return {
    name: "pod",
    url,
    ca,
    caFile,
    files: cache,
    processes: [await mainPid(container)],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function diskOf(path: string): Promise<string> {
  const { stdout } = await execa("findmnt", ["--noheadings", "--output=SOURCE", "--target", path]);
  return stdout;
}
