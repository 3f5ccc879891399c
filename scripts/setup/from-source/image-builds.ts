import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { execa } from "execa";
import type { ImageName } from "../../../components/config/images.ts";
import { cacheDirectory } from "../../../components/hosts/local/directories.ts";
import { podman, podmanEnvironment } from "../../../components/hosts/local/podman.ts";
import { podUser } from "../../../components/pod/pod.ts";
import { step } from "../../command/steps.ts";
import { copyFromTree, copyProgram, ensureDebianTree, makeRoot } from "./debian.ts";
import { ensureTool, goTools } from "./go-tools.ts";

/** How to make an image whose pinned original can't be pulled, with the same programs in the same places. */
interface Recipe {
  /** Whether it has no shell, as the original, and nothing of Debian. @default false */
  readonly isBare?: boolean;
  /** Paths of programs in Debian, each with the libraries that it loads. */
  readonly programs?: readonly string[];
  /** Of its other files. */
  readonly files?: readonly string[];
  /** A program built by Go, and its path in the image. */
  readonly tool?: readonly [name: keyof typeof goTools, path: string];
  /** Whether it has the authorities that Mozilla trusts, where Go programs look for them. @default false */
  readonly trusts?: boolean;
  /** The lines of the Containerfile after the files. */
  readonly containerfile: readonly string[];
  /** A command for the finished image that starts the program and ends. */
  readonly trial: readonly string[];
  /** Where to find the version of what is in it in what the trial prints. @default the tool's */
  readonly version?: RegExp;
}

const recipes: Readonly<Record<ImageName, Recipe>> = {
  // nginx 1.26, the original has 1.31; made without `--with-file-aio`.
  edge: {
    programs: ["usr/sbin/nginx"],
    files: ["etc/nginx/mime.types"],
    containerfile: ["STOPSIGNAL SIGQUIT", 'CMD ["nginx", "-g", "daemon off;"]'],
    trial: ["sh", "-c", "nginx -v 2>&1"],
    version: /nginx\/([\d.]+)/,
  },
  // The same version as the original.
  origin: {
    // busybox in Debian has no printenv.
    programs: ["usr/bin/printenv"],
    tool: ["registry", "bin/registry"],
    trusts: true,
    containerfile: ["ENV OTEL_TRACES_EXPORTER=none", 'ENTRYPOINT ["registry"]'],
    trial: ["--version"],
  },
  // The same version as the original.
  exporter: {
    isBare: true,
    tool: ["prometheus-nginxlog-exporter", "prometheus-nginxlog-exporter"],
    containerfile: ['ENTRYPOINT ["/prometheus-nginxlog-exporter"]'],
    trial: ["-version"],
  },
  // Prometheus 2.53, the original has 3.15.
  prometheus: {
    programs: ["usr/bin/prometheus"],
    files: ["usr/bin/promtool"],
    containerfile: ['ENTRYPOINT ["/bin/prometheus"]'],
    trial: ["--version"],
    version: /version ([\d.]+)/,
  },
  // The same version as the original.
  blackbox: {
    tool: ["blackbox_exporter", "bin/blackbox_exporter"],
    trusts: true,
    containerfile: ['ENTRYPOINT ["/bin/blackbox_exporter"]'],
    trial: ["--version"],
  },
  // lego 5.6, the original has 5.5, and none of the clouds' DNS providers: for the tests only.
  acme: {
    tool: ["lego", "lego"],
    trusts: true,
    containerfile: ['ENTRYPOINT ["/lego"]'],
    trial: ["--version"],
  },
  // The same version as the original.
  prefetch: {
    tool: ["regctl", "usr/bin/regctl"],
    containerfile: ['CMD ["regctl", "--help"]'],
    trial: ["regctl", "blob", "get", "--help"],
  },
  // zot 1.4, the original has 2.1: for the tests only, with the configuration of test/support/zot.ts.
  zot: {
    isBare: true,
    tool: ["zot", "bin/zot"],
    trusts: true,
    containerfile: ['ENTRYPOINT ["/bin/zot"]', 'CMD ["serve", "/etc/zot/config.json"]'],
    trial: ["--version"],
  },
};

/** The reference of an image that was built before, by the present recipe. */
export async function findBuiltImage(name: ImageName): Promise<string | undefined> {
  const filter = `reference=${repository(name)}:*-${await fingerprint()}`;
  const found = await podman(["images", "--filter", filter, "--format", "{{.Repository}}:{{.Tag}}"]);
  return found.split("\n")[0] || undefined;
}

/**
 * Builds an image, and starts it once, under the restrictions of the Pod, before it gets its name.
 *
 * @returns its reference, tagged with the version of what is in it and a fingerprint of the recipe.
 * @throws StepError when a part can't be had, or the image doesn't start.
 */
export async function buildImage(name: ImageName): Promise<string> {
  const recipe = recipes[name];
  const wayOut =
    "make sure that the disk isn't full and that `podman build` works, or name another image in the stack's configuration";
  return step(`Building the image of ${name} from packages`, wayOut, async (run) => {
    await mkdir(cacheDirectory(), { recursive: true });
    await using context = await mkdtempDisposable(join(cacheDirectory(), `.image-${name}-`));
    await fill(join(context.path, "root"), recipe);
    const lines = ["FROM scratch", "COPY root/ /", `USER ${podUser}:${podUser}`, ...recipe.containerfile];
    const containerfile = join(context.path, "Containerfile");
    await writeFile(containerfile, `${lines.join("\n")}\n`);
    // Without the time in it, the same files give the same image.
    const build = ["build", "--quiet", "--timestamp=0", "--file", containerfile, context.path];
    const id = await run("podman", build, { env: podmanEnvironment() });
    const reference = `${repository(name)}:${await versionOf(id, recipe)}-${await fingerprint()}`;
    await podman(["tag", id, reference]);
    return reference;
  });
}

async function versionOf(id: string, { trial, tool, version: pattern }: Recipe): Promise<string> {
  const restrictions = [
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--network=none",
  ];
  const printed = await podman(["run", "--rm", ...restrictions, id, ...trial], { timeoutSeconds: 60 });
  const version = pattern ? printed.match(pattern)?.[1] : tool && goTools[tool[0]].version.slice(1);
  if (version === undefined) throw new Error(`no version in what it printed: ${printed}`);
  return version;
}

/** Makes an image's root file system. */
async function fill(
  root: string,
  { isBare = false, programs = [], files = [], tool, trusts = false }: Recipe,
): Promise<void> {
  if (!isBare) {
    const tree = await ensureDebianTree();
    await makeBase(tree, root);
    for (const path of programs) await copyProgram(tree, path, root);
    for (const path of files) await copyFromTree(tree, path, root);
  }
  if (tool) {
    const [name, path] = tool;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(await ensureTool(name), join(root, path));
  }
  if (trusts)
    await write(join(root, "etc/ssl/certs/ca-certificates.crt"), `${rootCertificates.join("\n")}\n`);
}

/** busybox as the shell and for the probes, the places to write to, and the users by name. */
async function makeBase(tree: string, root: string): Promise<void> {
  await makeRoot(root);
  await copyFromTree(tree, "usr/bin/busybox", root);
  const { stdout: applets } = await execa(join(tree, "usr/bin/busybox"), ["--list"]);
  for (const applet of applets.split("\n")) {
    if (applet !== "busybox") await symlink("busybox", join(root, "usr/bin", applet));
  }
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
  await write(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  await write(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function repository(name: ImageName): string {
  return `localhost/registry-cache/${name}`;
}

/** Changes with the recipes, which are these source files and the tools' versions, so that an old image isn't taken for a new one. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["image-builds.ts", "debian.ts"])
    hash.update(await readFile(join(import.meta.dirname, file)));
  const tools = Object.values(recipes).flatMap(({ tool }) => (tool ? goTools[tool[0]] : []));
  hash.update(JSON.stringify(tools));
  return hash.digest("hex").slice(0, 8);
}

/** A promtool for the tests: that of the Prometheus in the built image. */
export async function ensurePromtool(): Promise<string> {
  return join(await ensureDebianTree(), "usr/bin/promtool");
}
