/**
 * Compiles what other programs use into `dist`, which `npm pack` takes: Node strips no types of what is installed. docs/package.md
 * Usage: npm pack, or npm run build
 */
import { globSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import { tsc6 } from "./setup/tsc.ts";

const dist = "dist";

await rm(dist, { recursive: true, force: true });
await execa(tsc6, ["--project", "tsconfig.package.json"], { stdout: "inherit" });
// Scripts and what the status page is made of, which the components read; tsc has written the JSON.
for (const file of globSync("components/**/{*.sh,generated/*}")) {
  const copy = join(dist, relative("components", file));
  await mkdir(dirname(copy), { recursive: true });
  await copyFile(file, copy);
}
