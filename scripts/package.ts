/**
 * Compiles the exported modules into `dist` for `npm pack`, because Node doesn't strip types from installed packages. docs/package.md
 * Usage: npm pack, or npm run build
 */
import { globSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import { tsc6 } from "./setup/tsc.ts";

const dist = "dist";

await rm(dist, { recursive: true, force: true });
await execa(tsc6, ["--project", "tsconfig.package.json"], { stdout: "inherit" });
// Files that the components read: shell scripts and the generated parts of the status page. tsc has already written the JSON files.
for (const file of globSync("components/**/{*.sh,generated/*}")) {
  const copy = join(dist, relative("components", file));
  await mkdir(dirname(copy), { recursive: true });
  await copyFile(file, copy);
}
// npm itself names the commit only in what `npm publish` packs. Sources without their own git data have none.
const describe = ["--git-dir=.git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"];
const { stdout: commit } = await execa("git", describe, { reject: false });
if (commit) await writeFile(join(dist, "commit"), `${commit}\n`);
