/** Renders the effects of a change on the stacks that it touches as one comment for a pull request. */
import { texts } from "../../components/capacity/text.ts";
import { renderMarkdown } from "../cost/markdown.ts";
import type { Review } from "../cost/review.ts";
import { type Change, changeKinds, counts } from "../engine/changes.ts";
import type { EngineRun } from "../engine/engine.ts";
import { troubleOf } from "../engine/trouble.ts";
import { shortName } from "../fleet/backend.ts";
import { counted, listed } from "../output/counted.ts";
import { markdownTable } from "../output/markdown-table.ts";
import { code, codeBlock, details, fitted, plain, type Report } from "./markdown.ts";
import type { Touched, TouchedStacks } from "./touched.ts";

/** The comment's first line. The next run finds the comment by it: .github/workflows/pull-request.yaml. */
export const commentMarker = "<!-- registry-cache: preview -->";

/** Maximum number of changes to list per stack. A new cluster has about 60 resources. */
const mostChanges = 150;

/** Maximum number of stacks or files to name. */
const mostListed = 10;

export interface Preview extends Touched {
  readonly run: EngineRun;
}

/** @param base the revision to compare with */
export function renderComment(
  previews: readonly Preview[],
  { stacks, removed, code: files }: TouchedStacks,
  cost: Review,
  base: string,
  isInterrupted: boolean,
): Report {
  const failed = previews.filter(({ run }) => !run.succeeded);
  const unfinished = previews.filter(({ run }) => run.unfinished !== undefined);
  const lost = previews.filter(({ run }) => run.changes.some(isLoss));
  const others = stacks
    .map(({ stack }) => stack)
    .filter((name) => !previews.some(({ stack }) => shortName(stack) === name));
  const count = previews.length + others.length;
  const headline =
    count === 0
      ? `No stack is touched by the change against ${code(base)}.`
      : `${counted(count, "stack")} touched by the change against ${code(base)}.`;
  return fitted(
    commentMarker,
    "### Preview of the registry caches",
    texts(
      headline,
      failed.length > 0 && `**${counted(failed.length, "preview")} failed.**`,
      unfinished.length > 0 && `**${counted(unfinished.length, "has", "have")} unfinished operations.**`,
      lost.length > 0 && `**${counted(lost.length, "stack")} would lose or replace resources.**`,
    ).join(" "),
    others.length > 0 && `Not previewed here: ${listed(others.map(code), mostListed)}.`,
    isInterrupted && "**The preview was interrupted.** Run it again.",
    files.length > 0 && `All of them, as these differ: ${listed(files.map(code), mostListed)}.`,
    previews.length > 0 &&
      markdownTable(["Stack", "Touched by", ...changeKinds, "Warnings", ""], previews.map(row)),
    removed.length > 0 &&
      `**${removed.map(code).join(", ")}**: the file is removed, but the stack's resources stay and are billed: run \`pulumi destroy\` before you remove the file.`,
    ...previews.map(section),
    renderMarkdown(cost).trim(),
  );
}

function row({ stack, because, run }: Preview): string[] {
  const numbers = changeKinds.map((kind) => {
    const changes = run.changes.filter((change) => change.kind === kind);
    return changes.some(isLoss) ? `**${changes.length}**` : `${changes.length || ""}`;
  });
  return [
    plain(stack),
    because,
    ...numbers,
    `${run.warnings.length || ""}`,
    !run.succeeded ? "**failed**" : run.unfinished !== undefined ? "**unfinished**" : "",
  ];
}

function section({ stack, run }: Preview): string {
  const { changes, warnings, errors, succeeded } = run;
  const trouble = troubleOf(run);
  const more = changes.length - mostChanges;
  const body = texts(
    trouble && `**${trouble.what}** ${trouble.wayOut}`,
    errors.length > 0 && codeBlock(errors.join("\n")),
    changes.length > 0 && changes.slice(0, mostChanges).map(line).join("\n"),
    more > 0 && `… and ${more} more.`,
    warnings.length > 0 && `Warnings:\n\n${codeBlock(warnings.join("\n"))}`,
  );
  const summary = `${plain(stack)}: ${succeeded ? counts(changes) || "no changes" : "failed"}`;
  return details(summary, body.join("\n\n"), !succeeded || trouble !== undefined || changes.some(isLoss));
}

/** One list item. */
export function line(change: Change): string {
  const { kind, type, name, because } = change;
  const what = `${kind} ${type} ${code(name)}`;
  const why = because.length > 0 ? `: ${because.map(code).join(", ")}` : "";
  const note = kind === "replace" && change.isRetained ? " (the old one stays)" : "";
  return `- ${isLoss(change) ? `**${what}**` : what}${why}${note}`;
}

/** Whether a resource and its content are deleted. */
function isLoss({ kind, isRetained }: Change): boolean {
  return kind === "delete" || (kind === "replace" && !isRetained);
}
