import { existsSync } from "node:fs";
import { access, chmod, constants, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import engine from "pulumi/package.json" with { type: "json" };
import { type Run, StepError, step } from "../command/steps.ts";
import { engineDirectory, nodeModules } from "../engine/environment.ts";
import { ensureTool } from "./from-source/go-tools.ts";
import { isReachable } from "./reachable.ts";

/** The engine is installed last: if it exists, the npm package and this module know that the directory is complete. */
const programs = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs", "pulumi"] as const;

/**
 * Makes `npx pulumi` work. If its download server can be reached, it downloads the engine itself. Otherwise, the engine
 * and the language host are built from their Go modules and installed at the same place.
 *
 * @throws StepError if there is no engine in the end
 */
export async function ensureEngine(): Promise<void> {
  if (isComplete()) return;
  await makeDirectory();
  if (!(await download())) await install();
  await step(
    "Checking the Pulumi engine",
    `remove ${engineDirectory} and run the same command again`,
    async (run) => {
      await run(join(nodeModules, ".bin", "pulumi"), ["version"], { timeoutSeconds: 60 });
    },
  );
}

/** First, because a build takes minutes, and the failures of a download and a build have other ways out. */
async function makeDirectory(): Promise<void> {
  await step(
    "Making the directory of the Pulumi engine",
    `make sure that ${engineDirectory} can be written, or set PULUMI_HOME`,
    async () => {
      await mkdir(engineDirectory, { recursive: true });
      await access(engineDirectory, constants.W_OK);
    },
  );
}

function isComplete(): boolean {
  return programs.every((program) => existsSync(join(engineDirectory, program)));
}

/** Lets the npm package download the engine. @returns whether it did. A failure throws no error, because the engine can also be built. */
async function download(): Promise<boolean> {
  if (!(await isReachable("https://get.pulumi.com/install.sh"))) return false;
  const fetchEngine = async (run: Run) => {
    const options = { timeoutSeconds: 600, env: { NODE_USE_ENV_PROXY: "1" } };
    await run(join(nodeModules, ".bin", "pulumi"), ["version"], options);
  };
  try {
    await step("Downloading the Pulumi engine", "none needed: it is built instead", fetchEngine);
    return isComplete();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`  ${error.message}`);
    await rm(engineDirectory, { recursive: true, force: true });
    return false;
  }
}

/** Builds a program of the engine, because there was no download. @throws StepError that names the ways without a build, too */
async function build(program: "pulumi" | "pulumi-language-nodejs"): Promise<string> {
  try {
    return await ensureTool(program);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const others = [
      "make sure that get.pulumi.com, which gave no engine, can be reached (behind a proxy, set HTTPS_PROXY)",
      `put the files of Pulumi's archive pulumi-v${engine.version}-${process.platform}-${process.arch}.tar.gz into ${engineDirectory}`,
    ];
    throw new StepError([error.message, ...others.map((it) => `  or:      ${it}`)].join("\n"), {
      cause: error,
    });
  }
}

async function install(): Promise<void> {
  const sources: Record<(typeof programs)[number], string> = {
    "pulumi-language-nodejs": await build("pulumi-language-nodejs"),
    // The SDK's script that starts dynamic providers.
    "pulumi-resource-pulumi-nodejs": join(nodeModules, "@pulumi", "pulumi", "pulumi-resource-pulumi-nodejs"),
    pulumi: await build("pulumi"),
  };
  await step(
    "Installing the Pulumi engine",
    "make sure that its disk has room, and run the same command again",
    async () => {
      await mkdir(engineDirectory, { recursive: true });
      for (const program of programs) {
        const draft = join(engineDirectory, `.${program}.${process.pid}`);
        await copyFile(sources[program], draft);
        await chmod(draft, 0o755);
        await rename(draft, join(engineDirectory, program));
      }
    },
  );
}
