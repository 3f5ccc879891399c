/** A shell for somebody on call, with `registry-cache` on its PATH. */
import { chmod, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { podmanEnvironment } from "../../components/hosts/local/podman.ts";
import {
  type OnKubernetes,
  type OnPodman,
  onCallProgram,
  probeParameters,
} from "../../components/hosts/oncall/program.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { projectDirectory } from "./project.ts";
import type { Shell } from "./runbook-runs.ts";
import { tempDir } from "./scope.ts";

export interface OnCallSession extends AsyncDisposable {
  readonly shell: Shell;
}

/** The facts that {@link localSession} needs of a cache under podman on this machine. */
export interface OnThisMachine {
  /** The value of its label `region`. */
  readonly region: string;
  /** The URL for clients. */
  readonly url: URL;
  /** The name in its certificate. @default the URL's */
  readonly hostname?: string;
  readonly internalPort: number;
  /** Absolute path of the cache's data directory. */
  readonly directory: string;
  /** The image that `registry-cache pull` pulls. */
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

export interface ClusterSession extends OnCallSession {
  /** A shell with an administrator's rights, for steps that a runbook assigns to an administrator. */
  readonly administrator: Shell;
}

/**
 * A shell with the kubectl of the cluster's version, and only the rights of docs/kubernetes-oncall-role.yaml.
 * @param kubeconfig path of an administrator's kubeconfig
 */
export async function clusterSession(
  cache: Pick<OnKubernetes, "region" | "context" | "namespace" | "endpoint" | "image">,
  kubeconfig: string,
): Promise<ClusterSession> {
  await using parts = new AsyncDisposableStack();
  const bin = parts.use(await tempDir());
  const kubectl = await ensureTool("kubectl");
  await symlink(kubectl, join(bin.path, "kubectl"));
  const role = await readFile(join(projectDirectory, "docs/kubernetes-oncall-role.yaml"), "utf8");
  const input = role.replaceAll("namespace: registry-cache\n", `namespace: ${cache.namespace}\n`);
  await execa(kubectl, ["apply", "--filename=-"], { input, env: { KUBECONFIG: kubeconfig } });
  const asOnCall = join(bin.path, "kubeconfig");
  await writeFile(asOnCall, impersonating(await readFile(kubeconfig, "utf8")), { mode: 0o600 });
  const options: OnKubernetes = {
    host: "kubernetes",
    internalPort: 15_000,
    probe: probeParameters(new URL(cache.endpoint).hostname, { port: 8443 }),
    runbookUrl: "https://runbooks.example.com/{alert}",
    ...cache,
  };
  const PATH = `${bin.path}${delimiter}${process.env.PATH}`;
  const { shell } = parts.use(await session(options, { PATH, KUBECONFIG: asOnCall }));
  const { shell: administrator } = parts.use(await session(options, { PATH, KUBECONFIG: kubeconfig }));
  const all = parts.move();
  return { shell, administrator, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonating(kubeconfig: string): string {
  const { users, ...rest } = parse(kubeconfig);
  const as = { as: "somebody", "as-groups": ["oncall"] };
  return stringify({
    ...rest,
    users: users.map(({ name, user }: { name: string; user: object }) => ({
      name,
      user: { ...user, ...as },
    })),
  });
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
