/** A shell of somebody who is on call for a cache: `registry-cache` is on its PATH. */
import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { podmanEnvironment } from "../../components/hosts/local/podman.ts";
import {
  type OnKubernetes,
  type OnPodman,
  onCallProgram,
  probeParameters,
} from "../../components/hosts/oncall/program.ts";
import type { Shell } from "./runbook-runs.ts";
import { tempDir } from "./scope.ts";

export interface OnCallSession extends AsyncDisposable {
  readonly shell: Shell;
}

/** What {@link localSession} needs to know of a cache that podman runs on this machine. */
export interface OnThisMachine {
  /** Its label `region`. */
  readonly region: string;
  /** Where clients reach it. */
  readonly url: URL;
  /** The name in its certificate. @default the URL's */
  readonly hostname?: string;
  readonly internalPort: number;
  /** Absolute path of what it keeps. */
  readonly directory: string;
  /** What `pull` pulls. */
  readonly image: string;
}

export function localSession(cache: OnThisMachine, env: NodeJS.ProcessEnv = {}): Promise<OnCallSession> {
  const { region, url, hostname = url.hostname, internalPort, directory, image } = cache;
  const options: OnPodman = {
    host: "local",
    region,
    endpoint: url.origin,
    internalPort,
    probe: probeParameters(hostname, { port: Number(url.port) }),
    runbookUrl: "https://runbooks.example.com/{alert}",
    image,
    data: directory,
    state: directory,
  };
  return session(options, { ...podmanEnvironment(), ...env });
}

/** @param env with the cluster's KUBECONFIG, and with kubectl on PATH */
export function clusterSession(
  cache: Omit<OnKubernetes, "host" | "runbookUrl" | "internalPort">,
  env: NodeJS.ProcessEnv,
): Promise<OnCallSession> {
  const common = { internalPort: 15_000, runbookUrl: "https://runbooks.example.com/{alert}" };
  return session({ host: "kubernetes", ...common, ...cache }, env);
}

async function session(
  options: OnPodman | OnKubernetes,
  { PATH = process.env.PATH, ...env }: NodeJS.ProcessEnv,
): Promise<OnCallSession> {
  const directory = await tempDir();
  const program = join(directory.path, "registry-cache");
  await writeFile(program, onCallProgram(options));
  await chmod(program, 0o755);
  return {
    async shell(script) {
      const { exitCode = 1, all: output } = await execa("bash", ["-c", script], {
        env: { ...env, PATH: `${directory.path}${delimiter}${PATH}` },
        cwd: directory.path,
        all: true,
        reject: false,
      });
      return { exitCode, output };
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}
