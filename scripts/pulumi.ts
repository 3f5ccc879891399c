/**
 * The Pulumi CLI with this project's engine, and with the state and passphrase that `npm run local` uses, unless the environment names others.
 * Usage: npm run pulumi -- ARGUMENTS
 */
import { execa } from "execa";
import { engineEnvironment, ensureEngine } from "./setup/engine.ts";
import { runSteps } from "./setup/steps.ts";

await runSteps(async () => {
  await ensureEngine();
  const { exitCode } = await execa("pulumi", process.argv.slice(2), {
    env: engineEnvironment(),
    stdio: "inherit",
    reject: false,
  });
  process.exitCode = exitCode ?? 1;
});
