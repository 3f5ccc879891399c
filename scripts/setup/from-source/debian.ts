import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtempDisposable, readdir, rename, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../../components/hosts/local/directories.ts";
import { step } from "../../command/steps.ts";
import { aptInstall, hasProgram } from "../apt.ts";

export interface DebianPackages {
  /** A release of Debian, whose programs run on a host with an older C library too where they bring their own. */
  readonly suite: string;
  readonly packages: readonly string[];
}

/** What the images take. */
const ofImages = { suite: "trixie", packages: ["busybox-static", "coreutils", "nginx", "prometheus"] };

/**
 * The root of a directory with the contents of Debian packages, as they would be installed, in the user's cache. Made
 * by unpacking them: nothing is installed and none of their scripts runs.
 *
 * @throws StepError when it can't be made.
 */
export async function ensureDebianTree({ suite, packages }: DebianPackages = ofImages): Promise<string> {
  const tree = join(cacheDirectory(), "debian", [suite, ...packages].join("-"));
  if (existsSync(tree)) return tree;
  return step(
    `Unpacking ${packages.join(", ")} of Debian ${suite}`,
    "make sure that the Debian mirror can be reached, then run the same command again",
    async (run) => {
      if (!(await hasProgram("mmdebstrap"))) {
        await aptInstall(["mmdebstrap", "debian-archive-keyring"], "mmdebstrap", run);
      }
      await mkdir(dirname(tree), { recursive: true });
      await using draft = await mkdtempDisposable(`${tree}.`);
      const [archive, root] = [join(draft.path, "archive.tar"), join(draft.path, "root")];
      await run("mmdebstrap", [
        "--variant=extract",
        // Signatures are checked, but a mirror may stand still: a release in the making vouches for its lists for a week.
        "--aptopt=Acquire::Check-Valid-Until false",
        `--include=${packages.join(",")}`,
        "--dpkgopt=path-exclude=/usr/share/*",
        suite,
        archive,
      ]);
      await mkdir(root);
      // An ordinary user can't make the device files.
      await run("tar", ["-xf", archive, "-C", root, "--no-same-owner", "--exclude=./dev"]);
      await rename(root, tree).catch(async (error: unknown) => {
        // Another process was first.
        if (!existsSync(tree)) throw error;
      });
      return tree;
    },
  );
}

/** Makes the directories of a root file system in which Debian's programs find their parts. */
export async function makeRoot(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
}

/** Copies a file or directory from the tree to the same place in another root. */
export async function copyFromTree(tree: string, path: string, root: string): Promise<void> {
  await cp(join(tree, path), join(root, path), { recursive: true });
}

/** Copies a dynamically linked program from the tree to another root, with the libraries that it loads. */
export async function copyProgram(tree: string, path: string, root: string): Promise<void> {
  await copyFromTree(tree, path, root);
  const libraries = await libraryDirectory(tree);
  const loader = (await readdir(join(tree, libraries))).find((name) => name.startsWith("ld-linux"));
  if (loader === undefined) throw new Error(`no dynamic loader in ${libraries}`);
  // The tree's own loader says what the program needs: one line "name => path (address)" per library and for itself.
  const { stdout } = await execa(join(tree, libraries, loader), [
    "--library-path",
    join(tree, libraries),
    "--list",
    join(tree, path),
  ]);
  for (const [, name = "", source = ""] of stdout.matchAll(/^\s*(\S+) => (\S+) /gm)) {
    const target = name.startsWith("/") ? name : join(libraries, basename(name));
    await mkdir(dirname(join(root, target)), { recursive: true });
    await copyFile(source, join(root, target));
  }
  // What glibc loads when a thread ends; without it, the program aborts.
  await copyFromTree(tree, join(libraries, "libgcc_s.so.1"), root);
}

/** Debian's place for libraries, named after the machine: usr/lib/x86_64-linux-gnu. */
async function libraryDirectory(tree: string): Promise<string> {
  const names = await readdir(join(tree, "usr", "lib"));
  const name = names.find((it) => it.endsWith("-linux-gnu"));
  if (name === undefined) throw new Error(`no libraries in ${tree}`);
  return join("usr", "lib", name);
}
