/** The steps of a CI pipeline for many stacks, in any CI system: `npm run pipeline -- --help`, docs/pipelines.md. */
import { existsSync } from "node:fs";
import { access, constants, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import pMap from "p-map";
import { currentDate } from "../components/cost/date.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { collect } from "./cost/collect.ts";
import { Engine } from "./engine/engine.ts";
import { backendOf, shortName } from "./fleet/backend.ts";
import { slowProgress } from "./fleet/progress.ts";
import { type Prometheus, prometheusAt, prometheusUrl } from "./fleet/prometheus.ts";
import { chosenStacks } from "./fleet/stack-files.ts";
import { type PolicyOptions, pipelineProgram } from "./pipeline/arguments.ts";
import { type Preview, renderComment } from "./pipeline/comment.ts";
import { gate } from "./pipeline/gate.ts";
import type { Report } from "./pipeline/markdown.ts";
import { prefetched } from "./pipeline/prefetched.ts";
import { hasFailed, isAsLeft, renderDrift, renderRollout } from "./pipeline/reports.ts";
import { mergeBase, type TouchedStacks, touchedStacks } from "./pipeline/touched.ts";
import { type Outcome, rollOut, wavesOf } from "./pipeline/waves.ts";
import { ensureEngine } from "./setup/engine.ts";

const directory = process.cwd();

const program = pipelineProgram({
  async touched({ base, format }) {
    const touched = await touchedSince(await mergeBase(base, directory));
    const names = touched.stacks.map(({ stack }) => `${stack}\n`);
    process.stdout.write(format === "json" ? `${JSON.stringify(touched)}\n` : names.join(""));
  },

  async preview(names, { base, atOnce, comment, ...options }) {
    await assertWritable("--comment", comment);
    const chosen = await chosenStacks(directory, names);
    const since = await mergeBase(base, directory);
    const touched = await touchedSince(since);
    const stacks = touched.stacks.flatMap((it) => {
      const stack = chosen.find((name) => shortName(name) === it.stack);
      return stack === undefined ? [] : [{ ...it, stack }];
    });
    const engine = await startEngine();
    const preview = async (stack: (typeof stacks)[number]): Promise<Preview> => {
      const run = await engine.look(stack.stack, "preview", policies(options));
      console.error(`  ${stack.stack}: ${run.succeeded ? "previewed" : "failed"}`);
      return { ...stack, run };
    };
    const previews = await pMap(stacks, preview, { concurrency: atOnce });
    const today = currentDate();
    const progress = slowProgress();
    const cost = await collect({ directory, stacks: [], today, progress, base: since, focus: [] });
    const named = cost.base === undefined ? cost : { ...cost, base };
    const failed = previews.some(({ run }) => !run.succeeded);
    const isInterrupted = failed && engine.interruption.aborted;
    await report(renderComment(previews, touched, named, base, isInterrupted), "--comment", comment);
    if (failed) process.exitCode = 1;
  },

  async up(names, options) {
    await assertWritable("--report", options.report);
    const canary = options.canary || undefined;
    const prometheus = options.prometheus ? prometheusOf(options.prometheus) : undefined;
    if (canary !== undefined) await chosenStacks(directory, [canary]).catch(refused("--canary, CANARY"));
    const chosen = await chosenStacks(directory, names);
    const touched = options.since === undefined ? undefined : await touchedSince(options.since);
    const isMeant = (name: string) =>
      !touched || touched.stacks.some(({ stack }) => stack === shortName(name));
    const waves = wavesOf(chosen.filter(isMeant), canary, options.waveSize);
    const engine = await startEngine();
    const backend = backendOf(directory);
    const outcomes = await rollOut(waves, {
      problemsOf: gate({ backend, prometheus, maxErrorRatio: options.maxErrors / 100 }),
      missingOf: await prefetched(waves.flat(), { directory, backend, prometheus }),
      bringUp: (stack) => engine.run(stack, "up", policies(options)),
      sleep: (seconds) => engine.sleep(seconds),
      interruption: engine.interruption,
      progress: (text) => console.error(`  ${text}`),
      repair: options.repair,
      settleSeconds: options.settleMinutes * 60,
      prefetchSeconds: options.prefetchMinutes * 60,
    });
    const { aborted } = engine.interruption;
    await report(renderRollout(outcomes, waves, aborted), "--report", options.report);
    const isDone = (outcome: Outcome) => outcome.state === "up" && outcome.missing === undefined;
    if (aborted || !outcomes.every(isDone)) process.exitCode = 1;
  },

  async drift(names, { atOnce, issue }) {
    await assertWritable("--issue", issue);
    const stacks = await chosenStacks(directory, names);
    const engine = await startEngine();
    const args = ["--preview-only", "--expect-no-changes"];
    const runs = await pMap(stacks, (stack) => engine.look(stack, "refresh", args), { concurrency: atOnce });
    const failed = runs.some(hasFailed);
    const isSame = runs.every(isAsLeft);
    const isInterrupted = failed && engine.interruption.aborted;
    await report(renderDrift(runs, isInterrupted), "--issue", isSame ? undefined : issue);
    if (!isSame) process.exitCode = failed ? 1 : 2;
  },
});

await runSteps(async () => {
  await program.parseAsync();
});

/** The stacks that a change touches, except for those that the pipeline excludes. */
async function touchedSince(revision: string): Promise<TouchedStacks> {
  const chosen = await chosenStacks(directory, []);
  const touched = await touchedStacks(revision, directory).catch((error: Error) => {
    throw new StepError(error.message);
  });
  return { ...touched, stacks: touched.stacks.filter(({ stack }) => chosen.includes(stack)) };
}

function prometheusOf(address: string): Prometheus {
  try {
    return prometheusAt(prometheusUrl(address));
  } catch (error) {
    throw new StepError(`--prometheus, PROMETHEUS_URL: ${(error as Error).message}`);
  }
}

async function startEngine(): Promise<Engine> {
  await ensureEngine();
  return new Engine(directory).handOnSignals();
}

function policies({ policyPack: pack, policyPackConfig: config }: PolicyOptions): string[] {
  return [
    ...(pack === undefined ? [] : ["--policy-pack", pack]),
    ...(config === undefined ? [] : ["--policy-pack-config", config]),
  ];
}

/** Called before the work whose report goes into the file, because that work can take an hour. */
async function assertWritable(option: string, file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const there = existsSync(file) ? file : dirname(file);
  await access(there, constants.W_OK).catch(refused(option));
}

async function report({ whole, short }: Report, option: string, file: string | undefined): Promise<void> {
  process.stdout.write(whole);
  if (file !== undefined) await writeFile(file, short).catch(refused(option));
}

function refused(option: string): (error: Error) => never {
  return ({ message }) => {
    throw new StepError(`${option}: ${message}`);
  };
}
