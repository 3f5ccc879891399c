/** Renders the reports of `up` and `drift` as Markdown. */
import { texts } from "../../components/capacity/text.ts";
import { counts } from "../engine/changes.ts";
import type { EngineRun } from "../engine/engine.ts";
import { type Trouble, troubleOf } from "../engine/trouble.ts";
import { counted } from "../output/counted.ts";
import { markdownTable } from "../output/markdown-table.ts";
import { line } from "./comment.ts";
import { codeBlock, details, fitted, plain, type Report } from "./markdown.ts";
import type { Outcome } from "./waves.ts";

/** @param waves the stacks of each wave */
export function renderRollout(
  outcomes: readonly Outcome[],
  waves: readonly (readonly string[])[],
  isInterrupted: boolean,
): Report {
  const count = (state: Outcome["state"]) => outcomes.filter((outcome) => outcome.state === state).length;
  const states = (["up", "failed", "unhealthy", "not begun"] as const).filter((state) => count(state) > 0);
  const rows = outcomes.map((outcome) => [
    `${waves.findIndex((wave) => wave.includes(outcome.stack)) + 1}`,
    plain(outcome.stack),
    outcome.state !== "up" ? `**${outcome.state}**` : outcome.missing ? "up, **not prefetched**" : "up",
    outcome.state === "not begun" ? "" : counts(outcome.changes) || "no changes",
  ]);
  return fitted(
    "### Roll-out of the registry caches",
    `**${states.map((state) => `${count(state)} ${state}`).join(", ") || "No stack to bring up"}.**`,
    isInterrupted && "**The run was interrupted.** Run it again: what is up stays as it is.",
    rows.length > 0 && markdownTable(["Wave", "Stack", "", "Changes"], rows),
    ...outcomes.map((outcome) => {
      if (outcome.state === "up") return missingText(outcome);
      if (outcome.problems.length === 0) return undefined;
      const trouble = outcome.state === "not begun" ? undefined : outcome.trouble;
      return paragraphs(`**${plain(outcome.stack)}: ${outcome.state}.**`, outcome.problems, trouble);
    }),
  );
}

type Up = Extract<Outcome, { state: "up" }>;

function missingText({ stack, missing }: Up): string | undefined {
  if (!missing) return undefined;
  const what = `**${plain(stack)} doesn't have all that \`prefetch\` lists.** It keeps fetching what is available.`;
  return paragraphs(what, missing);
}

/** The problem of a stack, the way out if it is known, and the original messages. */
function paragraphs(what: string, said: readonly string[], trouble?: Trouble): string {
  return texts(what, trouble && `${trouble.what} ${trouble.wayOut}`, codeBlock(said.join("\n"))).join("\n\n");
}

/** @param runs of `refresh --preview-only` */
export function renderDrift(runs: readonly EngineRun[], isInterrupted: boolean): Report {
  const changed = `${runs.filter(hasDrifted).length} of ${counted(runs.length, "stack")} changed outside of Pulumi.`;
  const failed = runs.filter(hasFailed);
  const unfinished = runs.filter((run) => run.unfinished !== undefined);
  const rows = runs.map((run) => [plain(run.stack), stateOf(run), counts(run.changes)]);
  return fitted(
    `**${texts(
      changed,
      unfinished.length > 0 && `${counted(unfinished.length, "has", "have")} unfinished operations.`,
      failed.length > 0 && `${failed.length} couldn't be compared.`,
    ).join(" ")}**`,
    isInterrupted && "**The comparison was interrupted.** Run it again.",
    markdownTable(["Stack", "", "Changes"], rows),
    ...runs
      .filter(hasDrifted)
      .map(({ stack, changes }) =>
        details(plain(stack), changes.map(line).join("\n") || "The engine lists none.", true),
      ),
    ...unfinished.map((run) => {
      const what = `**${plain(run.stack)} has unfinished operations.**`;
      return paragraphs(what, [run.unfinished ?? ""], troubleOf(run));
    }),
    ...failed.map((run) =>
      paragraphs(`**${plain(run.stack)} can't be compared.**`, run.errors, troubleOf(run)),
    ),
    'What to do: docs/pipelines.md, "Drift".',
  );
}

/** With `--expect-no-changes`, the engine reports drift as an error. Other lines may surround it. */
const drift = /^error: no changes were expected/m;

export function hasDrifted({ changes, errors }: EngineRun): boolean {
  return changes.length > 0 || errors.some((error) => drift.test(error));
}

export function hasFailed({ succeeded, errors }: EngineRun): boolean {
  return !succeeded && errors.some((error) => !drift.test(error));
}

/** Whether the cloud is as a completed run left it. */
export function isAsLeft(run: EngineRun): boolean {
  return !hasFailed(run) && !hasDrifted(run) && run.unfinished === undefined;
}

function stateOf(run: EngineRun): string {
  if (hasFailed(run)) return "**failed**";
  if (run.unfinished !== undefined) return "**unfinished**";
  return hasDrifted(run) ? "**drifted**" : "as it was left";
}
