import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureDebianTree } from "../../scripts/setup/from-source/debian.ts";

export interface UserModePrograms {
  /** The kernel: `linux.uml`. */
  readonly linux: string;
  /** The program for its network. */
  readonly passt: string;
  /** The directory with the kernel's modules, which is `/lib/modules` in a machine. */
  readonly modules: string;
}

/** Debian 13's kernel can't run on processors with many registers (AMX). */
const suite = "forky";

/** The programs come from a newer Debian than this host may have, with its C library. @throws StepError */
export async function ensureUserMode(): Promise<UserModePrograms> {
  const tree = await ensureDebianTree({ suite, packages: ["passt", "user-mode-linux"] });
  return {
    linux: await withItsLibraries(tree, "linux.uml"),
    passt: await withItsLibraries(tree, "passt"),
    modules: join(tree, "usr", "lib", "uml", "modules"),
  };
}

/** @returns a copy of a program that starts with the libraries next to it instead of this host's */
async function withItsLibraries(tree: string, program: string): Promise<string> {
  const file = join(tree, "usr", "bin", program);
  const own = `${file}.own`;
  if (existsSync(own)) return own;
  const libraries = join(tree, "usr", "lib", "x86_64-linux-gnu");
  const loader = join(libraries, "ld-linux-x86-64.so.2");
  const draft = `${own}.${process.pid}`;
  await execa("patchelf", ["--set-interpreter", loader, "--set-rpath", libraries, "--output", draft, file]);
  await rename(draft, own);
  return own;
}
