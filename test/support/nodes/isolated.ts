/** Runs a test file in its own namespaces, with a network for real nodes. Nothing of this is visible on the machine. */
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { baseImageNames, defaultImages, type Images } from "../../../components/config/images.ts";
import { podman } from "../../../components/hosts/local/podman.ts";
import { ensureImages } from "../../../scripts/setup/images.ts";
import { tempDir } from "../scope.ts";
import { removeGroups } from "./cgroups.ts";

/** What the test file has in its namespaces. */
export interface Surroundings {
  /** Removed when the test file has ended. */
  readonly directory: string;
  /** The prefix of the names of the nodes' cgroups. */
  readonly group: string;
  /** The cache's images, as each node has them. */
  readonly images: Images;
  /** A directory with an archive of the images. */
  readonly imageDirectory: string;
}

/** The address at which nodes and Pods reach servers on the test file's 127.0.0.1. */
export const hubAddress = "10.97.0.1";

/** The image of a Pod's sandbox container, which holds its namespaces. */
export const pauseImage = "localhost/registry-cache-test/pause:1";

const variable = "REGISTRY_CACHE_TEST_SURROUNDINGS";

/**
 * Runs a test file in namespaces. Inside, it returns the surroundings. Outside, it doesn't return. Needs root, and the hierarchies of cgroup v1.
 * @param file the test file, `import.meta.filename`
 */
export async function isolated(file: string): Promise<Surroundings> {
  const inside = process.env[variable];
  if (inside !== undefined) return JSON.parse(inside);
  const exitCode = await runInside(file);
  process.exit(exitCode);
}

const unshare = ["--net", "--mount", "--uts", "--ipc", "--pid", "--propagation", "private", "--fork"];

/** The requirements of real nodes that this machine lacks, if any. */
export async function lackingForNodes(): Promise<string | undefined> {
  const groups = "/sys/fs/cgroup/memory";
  if (process.getuid?.() !== 0 || !existsSync(groups)) return `root, and cgroup v1, with ${groups}`;
  try {
    const group = await mkdtemp(join(groups, "registry-cache-nodes-"));
    await rmdir(group);
    await execa("unshare", [...unshare, "--mount-proc", "true"]);
  } catch (error) {
    return `rights to make cgroups and namespaces (${error instanceof Error ? error.message.split("\n")[0] : error})`;
  }
  return undefined;
}

async function runInside(file: string): Promise<number> {
  const lacking = await lackingForNodes();
  if (lacking !== undefined) throw new Error(`real nodes need ${lacking}`);
  await removeLeftOvers();
  await using directory = await tempDir();
  const group = groupOf(process.pid);
  const images = await ensureImages(defaultImages);
  const imageDirectory = join(directory.path, "images");
  await saveImages(
    baseImageNames.map((name) => images[name]),
    imageDirectory,
  );
  const surroundings: Surroundings = { directory: directory.path, group, images, imageDirectory };
  const { exitCode } = await execa(
    // Everything inside ends with this process.
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "unshare", ...unshare, "--kill-child", "--mount-proc"],
      ...["bash", join(import.meta.dirname, "hub.sh"), hubAddress],
      ...[process.execPath, ...process.execArgv, file],
    ],
    { stdio: "inherit", reject: false, env: { [variable]: JSON.stringify(surroundings) } },
  );
  await removeGroups(group);
  return exitCode ?? 1;
}

const groupOf = (pid: number | string) => `registry-cache-nodes-${pid}`;

/** Removes the cgroups of killed test files, because cgroups outlive their processes. */
async function removeLeftOvers(): Promise<void> {
  const pids = globSync(`/sys/fs/cgroup/*/${groupOf("*")}`).map((it) => /nodes-(\d+)/.exec(it)?.[1] ?? "");
  for (const pid of new Set(pids)) {
    if (!existsSync(`/proc/${pid}`)) await removeGroups(groupOf(pid));
  }
}

/** Saves all images in one archive, because they share layers. */
async function saveImages(references: readonly string[], directory: string): Promise<void> {
  await mkdir(directory);
  const file = join(directory, "Containerfile");
  await writeFile(file, `FROM ${references[0]}\nENTRYPOINT ["sleep"]\nCMD ["infinity"]\n`);
  await podman(["build", "--quiet", "--tag", pauseImage, "--file", file, directory]);
  const archive = join(directory, "images.tar");
  const all = [...new Set([...references, pauseImage])];
  await podman(["save", "--quiet", "--multi-image-archive", "--output", archive, ...all]);
}
