/**
 * The Pulumi CLI with this project's engine, and the state where docs/state.md says. With `--stack local`, as in `npm run local`: the state and passphrase of this machine.
 * Usage: npm run pulumi -- ARGUMENTS
 */
import { execa } from "execa";
import { shortName } from "./fleet/backend.ts";
import { demandStackFile } from "./fleet/stack-files.ts";
import {
  engineEnvironment,
  engineProgram,
  ensureEngine,
  localEnvironment,
  stateBackend,
} from "./setup/engine.ts";
import { runSteps } from "./setup/steps.ts";

const args = process.argv.slice(2);
const line = args.join(" ");
const [, stack = ""] = /(?:^|\s)(?:--stack|-s)[ =](\S+)/.exec(line) ?? [];
const isLocal = stack === "local";
/** The commands after which a stack has more, or other, state. */
const changes = new Set(["up", "update", "destroy", "refresh", "import", "init"]);
/** The commands that write to the stack's file: for the stack `local`, to a copy, as in `npm run local`. */
const writesConfig = new Set(["preview", "up", "update", "refresh", "destroy"]);
/** The commands that run the stack's program. Where its file is missing, the engine makes one without a configuration. */
const needsConfig = new Set(["preview", "up", "update"]);
const isFileGiven = /(?:^|\s)(?:--config-file|--cwd|-C)\b/.test(line);

await runSteps(async () => {
  if (stack !== "" && !isLocal && !isFileGiven && args.some((arg) => needsConfig.has(arg)))
    await demandStackFile(process.cwd(), shortName(stack));
  await ensureEngine();
  const backend = stateBackend(process.cwd());
  if (backend.from === "this machine" && !isLocal && args.some((arg) => changes.has(arg))) {
    console.error(
      `! The state is on this machine only, in ${backend.url}. To share it with a team: docs/state.md`,
    );
  }
  if (isLocal && args.some((arg) => writesConfig.has(arg)) && !isFileGiven) {
    const { effectiveStack } = await import("./local/stack.ts");
    args.push("--config-file", (await effectiveStack()).file);
  }
  const { isTTY: onTerminal } = process.stdin;
  // A terminal that is closed sends SIGHUP to both. The engine would end at once, and leave its stack locked.
  const engine = execa("sh", ["-c", 'trap "" HUP; exec "$0" "$@"', engineProgram, ...args], {
    env: isLocal ? localEnvironment() : engineEnvironment(backend),
    stdio: "inherit",
    reject: false,
    // It ends by itself, when it has stored what it has begun.
    cleanup: false,
    // Without a terminal, in a process group of its own: a signal to the group would reach it twice, and at the second one it gives up at once.
    detached: !onTerminal,
  });
  let isInterrupted = false;
  const interrupt = () => {
    if (!isInterrupted) engine.kill("SIGINT");
    isInterrupted = true;
  };
  process.on("SIGTERM", interrupt).on("SIGHUP", interrupt);
  // A terminal sends Ctrl-C to the engine, too.
  const onInterrupt = () => {
    isInterrupted = true;
  };
  process.on("SIGINT", onTerminal ? onInterrupt : interrupt);
  const { exitCode } = await engine;
  process.exitCode = exitCode ?? 1;
});
