/** A project directory with this project's program and a double of an account, for the commands that users run in their projects. */
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { serve } from "../doubles/serve.ts";
import { serveApi } from "../doubles/serve-api.ts";
import { type CostProject, costProject } from "./cost-project.ts";
import { engineUnderTest, projectDirectory, quickEngine } from "./project.ts";

export interface DoubleProject extends CostProject {
  /** Options for processes in this directory. */
  readonly options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly stdin: "ignore" };
}

/** @param others doubles of further providers of the cloud */
export async function doubleProject(cloud: Cloud, others: readonly Cloud[] = []): Promise<DoubleProject> {
  await ensureEngine();
  const parts = new AsyncDisposableStack();
  const project = parts.use(await costProject());
  const { directory } = project;
  for (const name of ["components", "index.ts", "start.js", "package.json", "node_modules"]) {
    await symlink(join(projectDirectory, name), join(directory, name));
  }
  const environment = await engineUnderTest(directory);
  await writeFile(join(directory, ".gitignore"), "node_modules\nstate\nhome\n");
  const api = parts.use(await serveApi(cloud));
  const served = await Promise.all([cloud, ...others].map(serve));
  for (const it of served) parts.use(it);
  return {
    ...project,
    options: {
      cwd: directory,
      env: {
        ...environment,
        ...(await quickEngine()),
        ...api.environment,
        PULUMI_DEBUG_PROVIDERS: served.map(({ address }) => address).join(","),
      },
      stdin: "ignore",
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
