/** A registry on this machine with sample content. It is the upstream where the configured one can't be reached. */
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { ensureTool } from "../setup/from-source/go-tools.ts";
import type { Content } from "./content.ts";
import { hasManifest, push } from "./push.ts";
import { type Names, sampleArtifact, sampleChart, sampleImage } from "./samples.ts";
import { signatureOf } from "./signature.ts";

/** The paths of a registry's files, all under one directory. */
function files(dir: string) {
  return {
    config: resolve(dir, "config.yaml"),
    data: resolve(dir, "data"),
    log: resolve(dir, "registry.log"),
    pid: resolve(dir, "registry.pid"),
  };
}

/** The PID of the registry that runs from `dir`, if any. A recorded PID that now belongs to another program doesn't count. */
async function runningPid(dir: string): Promise<number | undefined> {
  const { pid, config } = files(dir);
  const recorded = Number(await readFile(pid, "utf8").catch(() => ""));
  if (!recorded) return undefined;
  const commandLine = await readFile(`/proc/${recorded}/cmdline`, "utf8").catch(() => "");
  return commandLine.includes(config) ? recorded : undefined;
}

async function answers(url: URL): Promise<boolean> {
  const response = await fetch(new URL("/v2/", url), { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  await response?.body?.cancel();
  return response?.ok ?? false;
}

/**
 * Starts a registry (CNCF distribution) on 127.0.0.1, with plain HTTP and with its content and log under `dir`. If one already runs
 * from `dir` and answers on that port, returns its URL.
 *
 * @param detached whether the registry outlives this process. @default false
 * @throws Error with the end of the registry's log when it doesn't start, for example because the port is taken
 */
export async function startUpstream(args: { dir: string; port: number; detached?: boolean }): Promise<URL> {
  const url = new URL(`http://127.0.0.1:${args.port}`);
  if ((await runningPid(args.dir)) && (await answers(url))) return url;
  await stopUpstream(args.dir);
  if (await answers(url)) throw new Error(`another registry already listens on ${url.host}`);

  const { config, data, log, pid } = files(args.dir);
  await mkdir(data, { recursive: true });
  await writeFile(
    config,
    stringify({ version: 0.1, storage: { filesystem: { rootdirectory: data } }, http: { addr: url.host } }),
  );
  const output = await open(log, "w");
  const registry = spawn(await ensureTool("registry"), ["serve", config], {
    detached: args.detached ?? false,
    stdio: ["ignore", output.fd, output.fd],
    // The registry exports traces by default.
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  const spawned = new Promise<number>((done, failed) => {
    registry.once("spawn", () => done(registry.pid as number));
    registry.once("error", failed);
  });
  await output.close();
  const started = await spawned;
  registry.unref();
  if (!args.detached) process.once("exit", () => registry.kill());
  await writeFile(pid, String(started));

  for (const deadline = Date.now() + 20_000; registry.exitCode === null && Date.now() < deadline; ) {
    if (await answers(url)) return url;
    await sleep(50);
  }
  await stopUpstream(args.dir);
  const tail = (await readFile(log, "utf8")).slice(-1000);
  throw new Error(`the registry at ${url.host} didn't start:\n${tail}`);
}

/** Stops the registry that was started from `dir`, if it runs. Its content stays. */
export async function stopUpstream(dir: string): Promise<void> {
  const running = await runningPid(dir);
  if (running) {
    process.kill(running, "SIGTERM");
    for (const deadline = Date.now() + 5000; await runningPid(dir); ) {
      if (Date.now() > deadline) process.kill(running, "SIGKILL");
      await sleep(50);
    }
  }
  await rm(files(dir).pid, { force: true });
}

export interface Seeded {
  readonly image: Content;
  readonly chart: Content;
  readonly artifact: Content;
}

/** Pushes the sample content, and a signature for the image and for the artifact. Content that already exists isn't changed. */
export async function seed(registry: URL, names: Names): Promise<Seeded> {
  const seeded = {
    image: await sampleImage(names),
    chart: await sampleChart(names),
    artifact: sampleArtifact(names),
  };
  for (const content of Object.values(seeded)) await push(registry, content);
  for (const signed of [seeded.image, seeded.artifact]) {
    const signature = signatureOf(signed, names.registry);
    const [tag = ""] = signature.tags;
    if (!(await hasManifest(registry, signature.repository, tag))) await push(registry, signature);
  }
  return seeded;
}
