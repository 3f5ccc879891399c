/** Brings stacks up in waves, and stops after a wave with an unhealthy stack. */

import type { Change } from "../engine/changes.ts";
import type { EngineRun } from "../engine/engine.ts";
import { type Trouble, troubleOf } from "../engine/trouble.ts";
import { shortName } from "../fleet/backend.ts";

/** The result for one stack. */
export type Outcome = { readonly stack: string } & (
  | {
      readonly state: "up";
      readonly changes: readonly Change[];
      /** What is missing of `prefetch`, one phrase each. */
      readonly missing?: readonly string[];
    }
  | {
      /** With `failed`, some resources may have changed. */
      readonly state: "failed" | "unhealthy";
      readonly changes: readonly Change[];
      /** Messages of the engine or the gate. */
      readonly problems: readonly string[];
      readonly trouble?: Trouble;
    }
  | { readonly state: "not begun"; readonly problems: readonly string[] }
);

export interface Rollout {
  /** The reasons not to continue, one phrase each: see gate(). Doesn't throw. */
  readonly problemsOf: Watched["ask"];
  /** What is missing of `prefetch`, one phrase each: see prefetched(). Doesn't throw. */
  readonly missingOf: Watched["ask"];
  /** Doesn't throw. */
  bringUp(stack: string): Promise<EngineRun>;
  /** Ends early if the pipeline is interrupted. */
  sleep(seconds: number): Promise<void>;
  readonly interruption: AbortSignal;
  progress(text: string): void;
  /** Whether unhealthy stacks may be brought up, to repair them. */
  readonly repair: boolean;
  /** Minimum time to watch a wave's health. A machine takes a minute or two to apply its Pod, and serves with the old one until then. */
  readonly settleSeconds: number;
  /** Maximum time for a wave's caches to prefetch, after they are healthy. */
  readonly prefetchSeconds: number;
}

/** Maximum time until a new machine is healthy: it boots, pulls its images and gets its certificate. */
const newMachineSeconds = 15 * 60;
const machines = ["Instance", "VirtualMachine"];

/** Interval of the checks during that time. */
const askEverySeconds = 15;

/** The canary alone, then the other stacks by name, `size` at a time. @param canary with or without an organization. @default the first stack */
export function wavesOf(stacks: readonly string[], canary: string | undefined, size: number): string[][] {
  const found = stacks.find((stack) => canary !== undefined && shortName(stack) === shortName(canary));
  const first = found ?? stacks[0];
  if (first === undefined) return [];
  const others = stacks.filter((stack) => stack !== first);
  const count = Math.ceil(others.length / size);
  return [
    [found && canary?.includes("/") ? canary : first],
    ...Array.from({ length: count }, (_, index) => others.slice(index * size, (index + 1) * size)),
  ];
}

/** Returns one outcome per stack. A wave always starts with all its stacks, and the next wave only if all of them are healthy. */
export async function rollOut(waves: readonly (readonly string[])[], rollout: Rollout): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, wave] of waves.entries()) {
    rollout.progress(`Wave ${index + 1} of ${waves.length}: ${wave.join(", ")}`);
    const done = await bringUpWave(wave, rollout);
    outcomes.push(...done);
    if (done.some(({ state }) => state !== "up") || rollout.interruption.aborted) break;
  }
  const rest = waves.flat().slice(outcomes.length);
  return [...outcomes, ...rest.map(notBegun)];
}

function notBegun(stack: string): Outcome {
  return { stack, state: "not begun", problems: [] };
}

async function bringUpWave(wave: readonly string[], rollout: Rollout): Promise<Outcome[]> {
  const before: Answers = rollout.repair ? new Map() : await askAll(wave, rollout.problemsOf);
  if ([...before.values()].some((problems) => problems.length > 0)) {
    return [...before].map(([stack, problems]) => ({
      stack,
      state: "not begun",
      problems: problems.map((problem) => `before: ${problem}`),
    }));
  }
  if (rollout.interruption.aborted) return wave.map(notBegun);
  const done = await Promise.all(
    wave.map(async (stack) => {
      const outcome = outcomeOf(await rollout.bringUp(stack));
      rollout.progress(`${stack}: ${outcome.state}`);
      return outcome;
    }),
  );
  const up = done.filter((outcome) => outcome.state === "up");
  const changes = up.flatMap((outcome) => outcome.changes);
  const hasNewMachine = changes.some(
    ({ kind, type }) => ["create", "replace"].includes(kind) && machines.includes(type),
  );
  const names = up.map(({ stack }) => stack);
  // Without changes, there is nothing to wait for.
  const atLeast = changes.length > 0 ? rollout.settleSeconds : 0;
  const newMachine = hasNewMachine ? newMachineSeconds : 0;
  const settled = await watch(names, {
    ask: rollout.problemsOf,
    atLeastSeconds: atLeast,
    atMostSeconds: Math.max(atLeast, newMachine),
    told: (unwell) => `for the wave to settle${unwell.map((it) => `; ${it}`).join("")}`,
    rollout,
  });
  const well = names.filter((name) => !settled.get(name)?.length);
  const fetched = await watch(well, {
    ask: rollout.missingOf,
    atLeastSeconds: 0,
    atMostSeconds: rollout.prefetchSeconds,
    told: (missing) => `to prefetch ${missing.length} of what is listed`,
    rollout,
  });
  return done.map((outcome) => {
    if (outcome.state !== "up") return outcome;
    const problems = settled.get(outcome.stack);
    if (problems?.length) return { ...outcome, state: "unhealthy", problems };
    const missing = fetched.get(outcome.stack);
    return missing?.length ? { ...outcome, missing } : outcome;
  });
}

interface Watched {
  /** @returns what isn't as it should be, one phrase each */
  readonly ask: (stack: string) => Promise<readonly string[]>;
  readonly atLeastSeconds: number;
  readonly atMostSeconds: number;
  /** What the wait is for, as the continuation of `20 s more`. @param phrases of all stacks */
  told(phrases: readonly string[]): string;
  readonly rollout: Rollout;
}

/**
 * Watches for the minimum time, and up to the maximum time while there are problems.
 * @returns the last answers. Only they count; earlier problems are forgiven.
 */
async function watch(
  stacks: readonly string[],
  { ask, atLeastSeconds, atMostSeconds, told, rollout }: Watched,
): Promise<Answers> {
  const start = performance.now();
  for (;;) {
    const seconds = (performance.now() - start) / 1000;
    const answers = await askAll(stacks, ask);
    const phrases = [...answers].flatMap(([stack, problems]) => problems.map((one) => `${stack}: ${one}`));
    const left = (phrases.length === 0 ? atLeastSeconds : atMostSeconds) - seconds;
    if (left <= 0 || rollout.interruption.aborted) return answers;
    rollout.progress(`${Math.ceil(left)} s more ${told(phrases)}`);
    await rollout.sleep(Math.min(askEverySeconds, left));
  }
}

/** By stack. */
type Answers = ReadonlyMap<string, readonly string[]>;

async function askAll(stacks: readonly string[], ask: Watched["ask"]): Promise<Answers> {
  return new Map(await Promise.all(stacks.map(async (stack) => [stack, await ask(stack)] as const)));
}

function outcomeOf(run: EngineRun): Outcome {
  const { stack, succeeded, changes, errors } = run;
  if (succeeded) return { stack, state: "up", changes };
  const trouble = troubleOf(run);
  return { stack, state: "failed", changes, problems: errors, ...(trouble && { trouble }) };
}
