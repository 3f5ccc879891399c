/**
 * The Pulumi CLI with this project's engine. Without a backend in the environment or in Pulumi.yaml, with the state and passphrase of `npm run local`, which are on this
 * machine: docs/state.md.
 * Usage: npm run pulumi -- ARGUMENTS
 */
import { execa } from "execa";
import { engineEnvironment, ensureEngine, stateBackend } from "./setup/engine.ts";
import { runSteps } from "./setup/steps.ts";

const args = process.argv.slice(2);
/** The commands after which a stack has more, or other, state. */
const changes = new Set(["up", "update", "destroy", "refresh", "import", "init"]);

await runSteps(async () => {
  await ensureEngine();
  const backend = stateBackend(process.cwd());
  if (backend.from === "this machine" && !args.includes("local") && args.some((arg) => changes.has(arg))) {
    console.error(
      `! The state is on this machine only, in ${backend.url}. To share it with a team: docs/state.md`,
    );
  }
  const { exitCode } = await execa("pulumi", args, {
    env: engineEnvironment(backend),
    stdio: "inherit",
    reject: false,
  });
  process.exitCode = exitCode ?? 1;
});
