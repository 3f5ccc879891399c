import { existsSync } from "node:fs";
import { copyFile, mkdtempDisposable, rename } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { step } from "../command/steps.ts";
import { ensureTool } from "./from-source/go-tools.ts";

/** https://docs.zizmor.sh/release-notes/ */
const zizmorVersion = "1.32.0";

/** @returns the paths of the programs that check `.github/`. @throws StepError if one can't be installed: Go builds actionlint, and pip downloads zizmor. */
export async function ensureWorkflowLinters() {
  return { actionlint: await ensureTool("actionlint"), zizmor: await ensureZizmor() };
}

async function ensureZizmor(): Promise<string> {
  const bin = join(cacheDirectory(), "bin");
  const program = join(bin, `zizmor-${zizmorVersion}`);
  if (existsSync(program)) return program;
  await step(
    `Installing zizmor ${zizmorVersion}`,
    "install Python 3 with pip, then run the same command again",
    async (run) => {
      await using directory = await mkdtempDisposable(join(bin, ".zizmor-"));
      const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"];
      const target = ["--target", directory.path, `zizmor==${zizmorVersion}`];
      await run("python3", ["-m", "pip", "install", ...options, ...target]);
      const draft = `${program}.${process.pid}`;
      await copyFile(join(directory.path, "bin", "zizmor"), draft);
      await rename(draft, program);
    },
  );
  return program;
}
