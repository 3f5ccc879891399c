/**
 * Runs the Pulumi CLI with this project's engine and the state backend of docs/state.md. With `--stack local`, uses this machine's state and passphrase, as `npm run local` does.
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
/** The commands that change a stack's state. */
const changes = new Set(["up", "update", "destroy", "refresh", "import", "init"]);
/** The commands that write to the stack's file. For the stack `local`, they write to a copy, as in `npm run local`. */
const writesConfig = new Set(["preview", "up", "update", "refresh", "destroy"]);
/** The commands that run the stack's program. If the stack's file is missing, the engine creates one without a configuration. */
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
  // Ignores SIGHUP, which a closing terminal sends to both processes. Otherwise, the engine would exit immediately and leave its stack locked.
  const engine = execa("sh", ["-c", 'trap "" HUP; exec "$0" "$@"', engineProgram, ...args], {
    env: isLocal ? localEnvironment() : engineEnvironment(backend),
    stdio: "inherit",
    reject: false,
    // The engine exits by itself after it has saved the operations in progress.
    cleanup: false,
    // Without a terminal, the engine gets its own process group. Otherwise, a signal to the group would reach it twice, and the second signal makes it exit immediately.
    detached: !onTerminal,
  });
  let isInterrupted = false;
  const interrupt = () => {
    if (!isInterrupted) engine.kill("SIGINT");
    isInterrupted = true;
  };
  // With nohup, standard input isn't a terminal, and the update continues after the terminal is closed.
  process.on("SIGTERM", interrupt).on("SIGHUP", onTerminal ? interrupt : () => {});
  // A terminal sends Ctrl-C to the engine, too, so it needs no signal from here.
  const onInterrupt = () => {
    isInterrupted = true;
  };
  process.on("SIGINT", onTerminal ? onInterrupt : interrupt);
  const { exitCode } = await engine;
  process.exitCode = exitCode ?? 1;
});
