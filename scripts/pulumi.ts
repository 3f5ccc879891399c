/**
 * Runs the Pulumi CLI with this project's engine and the state backend of docs/state.md. With `--stack local`, uses this machine's state and passphrase, as `npm run local` does.
 * Usage: npm run pulumi -- ARGUMENTS
 */
import { execa } from "execa";
import { asksToEnd, runSteps } from "./command/steps.ts";
import { Engine } from "./engine/engine.ts";
import { engineEnvironment, engineProgram, localEnvironment, stateBackend } from "./engine/environment.ts";
import { troubleOf } from "./engine/trouble.ts";
import { shortName } from "./fleet/backend.ts";
import { demandStackFile } from "./fleet/stack-files.ts";
import { ensureEngine } from "./setup/engine.ts";

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
const isOfFile = stack !== "" && !isLocal && !isFileGiven && args.some((arg) => needsConfig.has(arg));

await runSteps(async () => {
  if (isOfFile) await demandStackFile(process.cwd(), shortName(stack));
  await ensureEngine();
  const backend = stateBackend(process.cwd());
  if (backend.from === "this machine" && !isLocal && args.some((arg) => changes.has(arg))) {
    console.error(
      `! The state is on this machine only, in ${backend.url}. To share it with a team: docs/state.md`,
    );
  }
  if (isOfFile) {
    // The engine itself warns only when an update has begun. It also reports a state that can't be read.
    const found = await new Engine(process.cwd()).unfinished(stack).catch(() => undefined);
    const trouble = troubleOf({ stack, errors: [], ...found });
    if (trouble) console.error(`! ${trouble.what} ${trouble.wayOut}`);
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
  const interrupt = (signal: NodeJS.Signals) => {
    if (!asksToEnd(signal)) return;
    if (!isInterrupted) engine.kill("SIGINT");
    isInterrupted = true;
  };
  process.on("SIGTERM", interrupt).on("SIGHUP", interrupt);
  // A terminal sends Ctrl-C to the engine, too, so it needs no signal from here.
  const onInterrupt = () => {
    isInterrupted = true;
  };
  process.on("SIGINT", onTerminal ? onInterrupt : interrupt);
  const { exitCode } = await engine;
  process.exitCode = exitCode ?? 1;
});
