import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { execa } from "execa";
import type { ImageName } from "../../../components/config/images.ts";
import { cacheDirectory } from "../../../components/hosts/local/directories.ts";
import { podman, podmanEnvironment } from "../../../components/hosts/local/podman.ts";
import { podUser } from "../../../components/pod/pod.ts";
import { step } from "../steps.ts";
import { copyFromTree, copyProgram, ensureDebianTree, makeRoot } from "./debian.ts";
import { ensureTool, goTools } from "./go-tools.ts";

/** How to make an image whose pinned original can't be pulled, with the same programs in the same places. */
interface Recipe {
  /** Fills the image's root file system. */
  fill(root: string): Promise<void>;
  /** The lines of the Containerfile after the files. */
  containerfile: readonly string[];
  /** A command for the finished image that starts the program and ends. */
  trial: readonly string[];
  /** The version of what is in it, or where to find it in what the trial prints. */
  version: string | RegExp;
}

const recipes: Record<ImageName, Recipe> = {
  // nginx 1.26, the original has 1.31; made without `--with-file-aio`.
  edge: {
    async fill(root) {
      const tree = await ensureDebianTree();
      await makeBase(tree, root);
      await copyProgram(tree, "usr/sbin/nginx", root);
      await copyFromTree(tree, "etc/nginx/mime.types", root);
    },
    containerfile: ["STOPSIGNAL SIGQUIT", 'CMD ["nginx", "-g", "daemon off;"]'],
    trial: ["sh", "-c", "nginx -v 2>&1"],
    version: /nginx\/([\d.]+)/,
  },
  // The same version as the original.
  origin: {
    async fill(root) {
      const tree = await ensureDebianTree();
      await makeBase(tree, root);
      // busybox in Debian has no printenv.
      await copyProgram(tree, "usr/bin/printenv", root);
      await copyFile(await ensureTool("registry"), join(root, "bin/registry"));
      await writeAuthorities(root);
    },
    containerfile: ["ENV OTEL_TRACES_EXPORTER=none", 'ENTRYPOINT ["registry"]'],
    trial: ["--version"],
    version: goTools.registry.version.slice(1),
  },
  // The same version as the original, and like there nothing but the program.
  exporter: {
    async fill(root) {
      await mkdir(root);
      await copyFile(
        await ensureTool("prometheus-nginxlog-exporter"),
        join(root, "prometheus-nginxlog-exporter"),
      );
    },
    containerfile: ['ENTRYPOINT ["/prometheus-nginxlog-exporter"]'],
    trial: ["-version"],
    version: goTools["prometheus-nginxlog-exporter"].version.slice(1),
  },
  // Prometheus 2.53, the original has 3.15.
  prometheus: {
    async fill(root) {
      const tree = await ensureDebianTree();
      await makeBase(tree, root);
      await copyProgram(tree, "usr/bin/prometheus", root);
      await copyFromTree(tree, "usr/bin/promtool", root);
    },
    containerfile: ['ENTRYPOINT ["/bin/prometheus"]'],
    trial: ["--version"],
    version: /version ([\d.]+)/,
  },
  // The same version as the original.
  blackbox: {
    async fill(root) {
      await makeBase(await ensureDebianTree(), root);
      await copyFile(await ensureTool("blackbox_exporter"), join(root, "bin/blackbox_exporter"));
      await writeAuthorities(root);
    },
    containerfile: ['ENTRYPOINT ["/bin/blackbox_exporter"]'],
    trial: ["--version"],
    version: goTools.blackbox_exporter.version.slice(1),
  },
  // lego 5.6, the original has 5.5, and none of the clouds' DNS providers: for the tests only.
  acme: {
    async fill(root) {
      await makeBase(await ensureDebianTree(), root);
      await copyFile(await ensureTool("lego"), join(root, "lego"));
      await writeAuthorities(root);
    },
    containerfile: ['ENTRYPOINT ["/lego"]'],
    trial: ["--version"],
    version: goTools.lego.version.slice(1),
  },
  // regctl 0.11.7, the original has 0.11.6.
  prefetch: {
    async fill(root) {
      await makeBase(await ensureDebianTree(), root);
      await copyFile(await ensureTool("regctl"), join(root, "usr/bin/regctl"));
    },
    containerfile: ['CMD ["regctl", "--help"]'],
    trial: ["regctl", "blob", "get", "--help"],
    version: goTools.regctl.version.slice(1),
  },
  // zot 1.4, the original has 2.1, and like there nothing but the program: for the tests only, with the configuration of test/support/zot.ts.
  zot: {
    async fill(root) {
      await mkdir(join(root, "bin"), { recursive: true });
      await copyFile(await ensureTool("zot"), join(root, "bin/zot"));
      await writeAuthorities(root);
    },
    containerfile: ['ENTRYPOINT ["/bin/zot"]', 'CMD ["serve", "/etc/zot/config.json"]'],
    trial: ["--version"],
    version: goTools.zot.version.slice(1),
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
    const context = await mkdtemp(join(cacheDirectory(), `.image-${name}-`));
    try {
      await recipe.fill(join(context, "root"));
      const lines = ["FROM scratch", "COPY root/ /", `USER ${podUser}:${podUser}`, ...recipe.containerfile];
      await writeFile(join(context, "Containerfile"), `${lines.join("\n")}\n`);
      // Without the time in it, the same files give the same image.
      const build = ["build", "--quiet", "--timestamp=0", "--file", join(context, "Containerfile"), context];
      const id = await run("podman", build, { env: podmanEnvironment() });
      const reference = `${repository(name)}:${await versionOf(id, recipe)}-${await fingerprint()}`;
      await podman(["tag", id, reference]);
      return reference;
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
}

async function versionOf(id: string, recipe: Recipe): Promise<string> {
  const restrictions = [
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--network=none",
  ];
  const printed = await podman(["run", "--rm", ...restrictions, id, ...recipe.trial], { timeoutSeconds: 60 });
  const version = typeof recipe.version === "string" ? recipe.version : printed.match(recipe.version)?.[1];
  if (version === undefined) throw new Error(`no version in what it printed: ${printed}`);
  return version;
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

/** The authorities that Mozilla trusts, where Go programs look for them. */
async function writeAuthorities(root: string): Promise<void> {
  await write(join(root, "etc/ssl/certs/ca-certificates.crt"), `${rootCertificates.join("\n")}\n`);
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
  const programs = [
    "registry",
    "prometheus-nginxlog-exporter",
    "blackbox_exporter",
    "lego",
    "regctl",
    "zot",
  ] as const;
  hash.update(JSON.stringify(programs.map((name) => goTools[name])));
  return hash.digest("hex").slice(0, 8);
}

/** A promtool for the tests: that of the Prometheus in the built image. */
export async function ensurePromtool(): Promise<string> {
  return join(await ensureDebianTree(), "usr/bin/promtool");
}
