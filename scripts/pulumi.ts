/**
 * The Pulumi CLI with this project's engine, and the state where docs/state.md says. With `--stack local`, as in `npm run local`: the state and passphrase of this machine.
 * Usage: npm run pulumi -- ARGUMENTS
 */
import { execa } from "execa";
import { engineEnvironment, ensureEngine, localEnvironment, stateBackend } from "./setup/engine.ts";
import { runSteps } from "./setup/steps.ts";

const args = process.argv.slice(2);
const isLocal = /(?:^|\s)(?:--stack|-s)[ =]local(?:\s|$)/.test(args.join(" "));
/** The commands after which a stack has more, or other, state. */
const changes = new Set(["up", "update", "destroy", "refresh", "import", "init"]);
/** The commands that write to the stack's file: for the stack `local`, to a copy, as in `npm run local`. */
const writesConfig = new Set(["preview", "up", "update", "refresh", "destroy"]);

await runSteps(async () => {
  await ensureEngine();
  const backend = stateBackend(process.cwd());
  if (backend.from === "this machine" && !isLocal && args.some((arg) => changes.has(arg))) {
    console.error(
      `! The state is on this machine only, in ${backend.url}. To share it with a team: docs/state.md`,
    );
  }
  if (isLocal && args.some((arg) => writesConfig.has(arg)) && !/--config-file\b/.test(args.join(" "))) {
    const { effectiveStack } = await import("./local/stack.ts");
    args.push("--config-file", (await effectiveStack()).file);
  }
  const { exitCode } = await execa("pulumi", args, {
    env: isLocal ? localEnvironment() : engineEnvironment(backend),
    stdio: "inherit",
    reject: false,
  });
  process.exitCode = exitCode ?? 1;
});
