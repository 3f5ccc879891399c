import { existsSync } from "node:fs";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import manifest from "@pulumi/kubernetes/package.json" with { type: "json" };
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { StepError, step } from "../../scripts/command/steps.ts";
import { engineEnvironment, pulumiHome } from "../../scripts/engine/environment.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { buildOf } from "../../scripts/setup/from-source/go-build.ts";
import { isReachable } from "../../scripts/setup/reachable.ts";
import { ensureTool, goTools } from "./go-tools.ts";
import { forbidLogs } from "./pulumi-home.ts";

const tool = "pulumi-resource-kubernetes";

/** The path in a Pulumi home at which the engine finds the version that the npm package requires. */
const plugin = join("plugins", `resource-kubernetes-v${manifest.version}`, tool);

/**
 * Installs Pulumi's Kubernetes provider: the npm package's version if it can be downloaded, otherwise an older one, built from its Go module.
 * The older one gets a Pulumi home of its own, so that it never manages a user's real cluster.
 * @returns variables for the environment of an engine under test
 * @throws StepError when the provider can be neither downloaded nor built
 */
export async function ensureKubernetesProvider(): Promise<NodeJS.ProcessEnv> {
  await ensureEngine();
  if (existsSync(join(pulumiHome, plugin))) return {};
  const home = join(cacheDirectory(), "pulumi-home", buildOf(goTools[tool]));
  if (!existsSync(join(home, plugin))) {
    if (await download()) return {};
    await link(join(pulumiHome, "versions"), join(home, "versions"));
    await link(await ensureTool(tool), join(home, plugin));
  }
  await forbidLogs(home);
  // PULUMI_DEV stops the engine's warning that the version is below the npm package's.
  return { PULUMI_HOME: home, PULUMI_DEV: "true" };
}

/** Lets the engine download the plugin. @returns whether it did; a failure isn't an error, because the plugin can be built instead */
async function download(): Promise<boolean> {
  if (!(await isReachable("https://get.pulumi.com/releases/plugins/"))) return false;
  try {
    await step("Downloading Pulumi's Kubernetes provider", "none needed: it is built instead", (run) =>
      run("pulumi", ["plugin", "install", "resource", "kubernetes", manifest.version], {
        env: engineEnvironment(),
        timeoutSeconds: 600,
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`  ${error.message}`);
    return false;
  }
}

/** Makes a symbolic link, and replaces an older one. */
async function link(target: string, path: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await mkdir(join(path, ".."), { recursive: true });
  await symlink(target, draft);
  await rename(draft, path);
}
