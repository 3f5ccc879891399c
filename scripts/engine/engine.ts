/** Runs the engine's operations on stacks, reads their events, and stops all of them together. */
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { asksToEnd } from "../command/steps.ts";
import { type Change, changesOf, nameOf, type ResourceStep } from "./changes.ts";
import { engineCommand } from "./command.ts";
import { engineEnvironment, engineProgram, stateBackend } from "./environment.ts";
import type { ExportedState } from "./state.ts";

export type Operation = "preview" | "up" | "refresh" | "import" | "destroy";

/** What the engine reports that it did or, in a preview, would do. */
export interface EngineRun {
  readonly stack: string;
  readonly succeeded: boolean;
  readonly changes: readonly Change[];
  /** As the engine prints them, with secrets as `[secret]`. */
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  /** A list of the operations that an interrupted update left unfinished, or that a running one performs. This operation then changed nothing. */
  readonly unfinished?: string;
}

/** A run with all of the engine's steps. */
export interface DetailedRun extends EngineRun {
  /** Includes the steps of resources that stay the same. */
  readonly steps: readonly ResourceStep[];
  /** Failed resources by URN, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
}

/** An event of `pulumi … --json`, with the fields that are used here: https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/ */
interface EngineEvent {
  readonly resOutputsEvent?: { readonly metadata: ResourceStep; readonly planning?: boolean };
  readonly diagnosticEvent?: { readonly message: string; readonly severity: string; readonly urn?: string };
  readonly policyEvent?: {
    readonly message: string;
    readonly policyName: string;
    readonly enforcementLevel: string;
    readonly resourceUrn?: string;
  };
}

/** https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/engine/deployment.go */
const unfinishedBefore = /pending operations from previous deployment/;

export class Engine {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #running = new Set<{ kill(signal: NodeJS.Signals): boolean }>();
  #interruption = new AbortController();

  /**
   * @param directory of the project. The engine must be installed: see ensureEngine().
   * @param environment added to the engine's environment. @default the location of the project's state
   */
  constructor(directory: string, environment = engineEnvironment(stateBackend(directory))) {
    this.#directory = directory;
    this.#environment = { ...environment, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  }

  /** Aborted by the first signal of {@link handOnSignals}. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * Forwards the first SIGINT, SIGTERM or SIGHUP of this process as SIGINT to the engine's processes, which then finish and save the operations in progress. Ignores all
   * others, because a second signal would make the engine exit immediately and leave a locked stack.
   */
  handOnSignals(): this {
    const stop = (signal: NodeJS.Signals) => {
      if (this.interruption.aborted || !asksToEnd(signal)) return;
      this.#interruption.abort();
      const { size } = this.#running;
      const whom = size === 1 ? "1 stack to finish what it has" : `${size} stacks to finish what they have`;
      console.error(`  ${signal}: waiting for ${whom} begun …`);
      for (const child of this.#running) child.kill("SIGINT");
    };
    process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
    return this;
  }

  /** Allows further runs after an interruption, for work that must be done anyway. Another signal interrupts that, too. */
  resume(): void {
    this.#interruption = new AbortController();
  }

  /** Doesn't throw if the operation fails or can't be started. */
  async run(stack: string, operation: Operation, args: readonly string[] = []): Promise<DetailedRun> {
    if (this.interruption.aborted) return { ...nothing, stack, succeeded: false, errors: ["not begun"] };
    const changes = operation === "up" || operation === "destroy";
    const confirmed = changes || operation === "import" ? ["--yes"] : [];
    const all = [operation, "--stack", stack, "--json", "--non-interactive", ...confirmed, ...args];
    const child = execa(engineProgram, all, {
      cwd: this.#directory,
      env: this.#environment,
      // The engine gets its own process group. A terminal sends Ctrl-C to the whole foreground group, so the engine would get it twice.
      detached: true,
      stdin: "ignore",
      buffer: { stdout: false },
      reject: false,
    });
    this.#running.add(child);
    const lines = createInterface({ input: child.stdout });
    const { steps, warnings, errors, unfinished, ...rest } = await reported(lines, changes, () =>
      child.kill("SIGINT"),
    );
    const { failed, stderr, shortMessage } = await child;
    this.#running.delete(child);
    if (stderr.trim() !== "") errors.push(stderr.trim());
    if (failed && errors.length === 0) errors.push(shortMessage ?? "failed");
    return {
      stack,
      succeeded: !failed && unfinished === undefined,
      changes: changesOf(steps),
      steps,
      ...rest,
      warnings: [...new Set(warnings)],
      errors: [...new Set(errors)],
      ...(unfinished !== undefined && { unfinished }),
    };
  }

  /** Runs an operation that changes nothing. Unlike the engine, also looks for unfinished operations. */
  async look(stack: string, operation: Operation, args: readonly string[]): Promise<DetailedRun> {
    const run = await this.run(stack, operation, args);
    if (this.interruption.aborted) return run;
    try {
      return { ...run, ...(await this.unfinished(stack)) };
    } catch (error) {
      const errors = [...new Set([...run.errors, (error as Error).message])];
      return { ...run, succeeded: false, errors };
    }
  }

  /** The operations that an interrupted update left unfinished, or that a running one performs. @throws Error with the engine's message */
  async unfinished(stack: string): Promise<Pick<EngineRun, "unfinished">> {
    const { deployment } = await this.state(stack);
    const pending = deployment?.pending_operations ?? [];
    const lines = pending.map(({ type, resource }) => `  * ${resource.urn}, ${type}`);
    return lines.length > 0 ? { unfinished: lines.join("\n") } : {};
  }

  /** The stack's state. Secrets stay encrypted. @throws Error with the engine's message */
  async state(stack: string): Promise<ExportedState> {
    return JSON.parse(await this.command("stack", "export", "--stack", stack));
  }

  /** Runs another command of the CLI: see {@link engineCommand}. */
  command(...args: readonly string[]): Promise<string> {
    return engineCommand(args, { directory: this.#directory, environment: this.#environment });
  }

  /** Ends early without an error if the pipeline is interrupted. */
  async sleep(seconds: number): Promise<void> {
    await delay(seconds * 1000, undefined, { signal: this.interruption }).catch(() => undefined);
  }
}

const nothing = { changes: [], steps: [], failed: new Map<string, string>(), warnings: [], errors: [] };

/**
 * What the engine's events say, when the last one has come.
 * @param changes whether the operation changes resources
 * @param stop called once if an earlier run left operations unfinished
 */
async function reported(lines: AsyncIterable<string>, changes: boolean, stop: () => void) {
  const steps: ResourceStep[] = [];
  const failed = new Map<string, string>();
  const warnings: string[] = [];
  const errors: string[] = [];
  let unfinished: string | undefined;
  for await (const line of lines) {
    const { resOutputsEvent, diagnosticEvent, policyEvent } = eventOf(line);
    // Before the engine changes anything, it reports the planned steps.
    if (resOutputsEvent && (!changes || !resOutputsEvent.planning)) steps.push(resOutputsEvent.metadata);
    const message = diagnosticEvent?.message.trim() ?? "";
    if (changes && unfinished === undefined && unfinishedBefore.test(message)) {
      unfinished = message;
      stop();
    } else if (diagnosticEvent?.severity === "warning") warnings.push(message);
    else if (diagnosticEvent?.severity === "error") {
      errors.push(message);
      if (diagnosticEvent.urn) failed.set(diagnosticEvent.urn, message);
    }
    if (policyEvent) {
      const { policyName, resourceUrn: urn = "", enforcementLevel } = policyEvent;
      const told = enforcementLevel === "mandatory" ? errors : warnings;
      told.push(`policy ${policyName}, ${nameOf({ urn })}: ${policyEvent.message.trim()}`);
    }
  }
  return { steps, failed, warnings, errors, unfinished };
}

/** @returns an empty event for a line that isn't an event, and for a killed engine's incomplete last line */
function eventOf(line: string): EngineEvent {
  try {
    return line.startsWith("{") ? JSON.parse(line) : {};
  } catch {
    return {};
  }
}
