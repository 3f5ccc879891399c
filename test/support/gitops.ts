/** Regions for GitOps: as plain objects, and made by the commands of docs/gitops.md. */
import { readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type KubernetesObject, PatchStrategy } from "@kubernetes/client-node";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import type { KubernetesRegion } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { type Manifest, manifests } from "../../components/hosts/kubernetes/manifests.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import { changedPaths } from "../doubles/values.ts";
import { ensureTool } from "../setup/go-tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { costProject } from "./cost-project.ts";
import { fakePrograms } from "./fake-programs.ts";
import { projectDirectory } from "./project.ts";
import { testUpstream } from "./upstream.ts";

type Keys = Readonly<Record<string, unknown>>;

/** The objects of a stack's regions. They include regions with `tls: { mode: private }`, which `npm run render` refuses. */
export async function plainObjects(keys: Keys): Promise<Manifest[]> {
  const ofProject = readStackFile(
    await readFile(join(projectDirectory, "Pulumi.yaml"), "utf8"),
    "config: {}",
  );
  const { regions, ...shared } = parseConfig({ ...ofProject, ...keys });
  return regions.flatMap((region) => {
    const request = { ...shared, region: region as KubernetesRegion, stack: "kubernetes" };
    return Object.values(manifests(planKubernetes(request).plan, { networkPolicies: "kubernetes" }));
  });
}

export const nameOf = ({ kind, metadata: { namespace, name } = {} }: Manifest) =>
  `${kind} ${namespace ?? ""}/${name}`;

/** Whether `up` has another value at this path: the number of replicas, which the autoscaler sets, or the name of a Secret, which Pulumi generates, and the empty lists next to it. */
export function isOfUp(path: string): boolean {
  return /^Deployment \S+\.spec\.(?:replicas|template\..*\.(?:env|secretKeyRef\.name))$/.test(path);
}

/** The paths, after {@link nameOf}, that a server-side apply by another field manager would change. It is a dry run. */
export async function newsOf({ objects }: ControlPlane, manifests: readonly Manifest[]): Promise<string[]> {
  // The client doesn't send a policy's `from`, because it has another name for this property.
  const sent = manifests.filter(({ kind }) => kind !== "NetworkPolicy");
  const found = await Promise.all(
    sent.map(async (manifest) => {
      const object = manifest as unknown as KubernetesObject & { metadata: { name: string } };
      const before = await objects.read(object);
      const ssa = PatchStrategy.ServerSideApply;
      const after = await objects.patch(object, undefined, "All", "gitops", true, ssa);
      const key = nameOf(manifest);
      return changedPaths({ [key]: before }, { [key]: after });
    }),
  );
  // Controllers change these in the meantime.
  const another = /^\S+ \S+?\.(?:status|metadata\.(?:managedFields|generation|resourceVersion))\b/;
  return found.flat().filter((path) => !another.test(path));
}

/** The blocks of docs/gitops.md with commands, in order. */
const blocks = [
  ...(["plainYaml", "publish", "install", "uninstall"] as const),
  ...(["onCall", "bypass", "unbypass", "keepReplicas", "takeOver", "disown"] as const),
] as const;

export interface GitOpsPage extends AsyncDisposable {
  /** Writes the file of the page's stack. */
  configure(keys: Keys): Promise<void>;
  /** Runs blocks of the page unchanged; `values` is the first command of `publish`. */
  paste(...names: readonly ((typeof blocks)[number] | "values")[]): Promise<void>;
  /** The names of the files in a directory that the page writes. */
  files(directory: string): Promise<string[]>;
  /** The objects in the chart values of a region. */
  values(region: string): Promise<Manifest[]>;
}

/** Prepares the page's commands, with a test registry in place of the page's. */
export async function gitOpsPage(plane: ControlPlane): Promise<GitOpsPage> {
  await using parts = new AsyncDisposableStack();
  const { url } = parts.use(await testUpstream());
  const project = parts.use(await costProject());
  const programs = parts.use(
    await fakePrograms({
      // The page's context is another cluster.
      kubectl: `[ "$1" = --context ] && shift 2
exec ${await ensureTool("kubectl")} "$@"`,
      dig: "",
      npm: `[ "$1 $2 $3" = "run render --" ] && shift 3 && exec node ${projectDirectory}/scripts/render.ts "$@"`,
      helm: `case "$1" in push | upgrade) set -- "$@" --plain-http ;; esac
exec ${await ensureTool("helm")} "\${@/registry.example.com/${url.host}}"`,
    }),
  );
  await symlink(join(projectDirectory, "charts"), join(project.directory, "charts"));
  const page = await readFile(join(projectDirectory, "docs", "gitops.md"), "utf8");
  const texts = [...page.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, text = ""]) => text);
  if (texts.length !== blocks.length) throw new Error(`${texts.length} blocks with commands`);
  const text = Object.fromEntries(blocks.map((name, index) => [name, texts[index] ?? ""]));
  const [values] = text.publish?.split(/^/m) ?? [];
  const all = parts.move();
  return {
    configure(keys) {
      const entries = Object.entries(keys).map(([key, value]) => [`registry-cache:${key}`, value]);
      return project.setStack("kubernetes-frankfurt", stringify({ config: Object.fromEntries(entries) }));
    },
    async paste(...names) {
      await execa("bash", ["-eu"], {
        input: names.map((name) => (name === "values" ? values : text[name])).join(""),
        cwd: project.directory,
        env: { ...programs.env, KUBECONFIG: plane.kubeconfig, HELM_CACHE_HOME: programs.directory },
        timeout: 240_000,
      });
    },
    files: (directory) => readdir(join(project.directory, directory)),
    async values(region) {
      const file = join(project.directory, "regions", `${region}.yaml`);
      return Object.values(parse(await readFile(file, "utf8"), { version: "1.1" }).objects);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
