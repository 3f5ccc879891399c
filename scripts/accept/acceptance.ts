/** Creates one stack in a real account, uses it and destroys it, step by step. */
import { join } from "node:path";
import { execa } from "execa";
import type { AnyRegion, StackConfig } from "../../components/config/schema.ts";
import { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import type { Change } from "../engine/changes.ts";
import type { Engine, EngineRun } from "../engine/engine.ts";
import { changedFile, type RegionKeys } from "./changed-file.ts";
import { leftOver } from "./left-over.ts";

export const stepNames = ["up", "unchanged", "pull", "edit", "upgrade", "destroy", "left"] as const;
export type StepName = (typeof stepNames)[number];

export interface StepReport {
  readonly name: StepName;
  readonly result: "passed" | "failed" | "left out";
  readonly seconds: number;
  /** What changed, what is wrong, or why the step was left out: one line each. */
  readonly said: readonly string[];
}

export interface AcceptanceArgs {
  readonly engine: Engine;
  /** The stack's name as the user wrote it. */
  readonly stack: string;
  /** The stack's name without the organization. */
  readonly name: string;
  readonly config: StackConfig;
  /** Path of the stack's file. */
  readonly file: string;
  /** Images to pull. @default what the configuration prefetches */
  readonly images: readonly string[];
  readonly without: readonly StepName[];
  /** Called with each finished step. */
  readonly tell: (step: StepReport) => void;
}

/** Types of resources that must not be replaced when a key changes that the docs call "in place". */
const lasting = ["Instance", "VirtualMachine", "Cluster", "ManagedCluster", "Volume", "Disk", "Bucket"];

/** @returns one report per step. After a failure, the created resources are still destroyed. */
export async function accept(args: AcceptanceArgs): Promise<StepReport[]> {
  const { without, tell } = args;
  const reports: StepReport[] = [];
  const steps = stepsOf(args, reports);
  for (const step of stepNames) {
    const start = Date.now();
    const isOver = reports.some(({ result }) => result === "failed") && !["destroy", "left"].includes(step);
    const skipped = without.includes(step) ? "by --without" : isOver ? "a step before it failed" : undefined;
    const outcome = skipped === undefined ? await attempt(steps[step]) : { leftOut: skipped };
    const seconds = Math.round((Date.now() - start) / 1000);
    const report: StepReport =
      "leftOut" in outcome
        ? { name: step, result: "left out", seconds, said: [outcome.leftOut] }
        : { name: step, result: outcome.failed ? "failed" : "passed", seconds, said: outcome.said };
    reports.push(report);
    tell(report);
  }
  return reports;
}

/** @param reports of the finished steps. It grows while the steps run */
function stepsOf(
  { engine, stack, name, config, file, images, without }: AcceptanceArgs,
  reports: readonly StepReport[],
): Readonly<Record<StepName, () => Promise<Outcome>>> {
  const beginning = config.regions.map((region) => olderVersion(config.provider, region));
  const up = async (regions: readonly RegionKeys[], ...more: string[]) => {
    await using copy = await changedFile(file, regions);
    return await engine.run(stack, "up", [...copy.args, ...more]);
  };

  return {
    up: async () => ofRun(await up(beginning)),
    unchanged: async () => ofRun(await up(beginning, "--expect-no-changes")),
    async pull() {
      if (images.length === 0 && !config.prefetch)
        return { leftOut: "name images with --image, or in `prefetch`" };
      const script = join(import.meta.dirname, "..", "prefetch.ts");
      const { failed, all } = await execa("node", [script, stack, ...images], {
        all: true,
        reject: false,
        cancelSignal: engine.interruption,
      });
      return { failed, said: all.split("\n") };
    },
    async edit() {
      const edited = config.regions.map((region, index) => ({ ...beginning[index], ...edit(region) }));
      const { failed, said, changes } = ofRun(await up(edited));
      const lost = changes.filter(
        ({ kind, type }) => ["replace", "delete"].includes(kind) && lasting.includes(type),
      );
      return { failed: failed || lost.length > 0 || changes.length === 0, said };
    },
    async upgrade() {
      if (beginning.every((keys) => keys.version === undefined))
        return { leftOut: "the stack has no version to upgrade" };
      return ofRun(await up(config.regions.map(edit)));
    },
    async destroy() {
      engine.resume();
      await engine.command("state", "unprotect", "--all", "--yes", "--stack", stack);
      return ofRun(await engine.run(stack, "destroy"));
    },
    async left() {
      if (!["aws", "azure"].includes(config.provider)) return { leftOut: "the stack is in no cloud account" };
      if (without.includes("destroy")) return { leftOut: "without `destroy`, all of it is left" };
      const isDestroyed = reports.every((it) => it.name !== "destroy" || it.result === "passed");
      const found = await leftOver(config, name, isDestroyed ? undefined : { minutes: 0, pauseSeconds: 0 });
      return { failed: found.length > 0, said: found };
    },
  };
}

type Outcome = { readonly leftOut: string } | { readonly failed: boolean; readonly said: readonly string[] };

async function attempt(step: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await step();
  } catch (error) {
    return { failed: true, said: [(error as Error).message] };
  }
}

function ofRun({ succeeded, changes, errors }: EngineRun) {
  const said = changes.map(({ kind, type, name }: Change) => `${kind} ${type} ${name}`);
  return { failed: !succeeded, changes, said: succeeded ? said : errors };
}

/** A change that is in place for every kind of region. */
function edit(region: AnyRegion): RegionKeys {
  return { freshnessSeconds: region.freshnessSeconds === 30 ? 45 : 30 };
}

/** A cluster starts with the version before its own, if that is still supported. */
function olderVersion(provider: string, region: AnyRegion): RegionKeys {
  const known = Object.entries(services).find(([name]) => name === provider)?.[1];
  if (!known || !("version" in region)) return {};
  const versions = Object.keys(known.supportEnds);
  const older = versions[versions.indexOf(String(region.version)) - 1];
  return older === undefined ? {} : { version: older };
}
