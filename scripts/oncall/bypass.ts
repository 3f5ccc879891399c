/** `bypass` and `unbypass`: lets clients bypass the cache, and restores it. docs/runbooks/RegistryCacheDown.md */
import { createInterface } from "node:readline/promises";
import { StepError } from "../command/steps.ts";
import type { Seen, Way } from "./ways/way.ts";

type Direction = keyof Way["after"];

/** Does what isn't done yet. @param yes don't ask @throws StepError if the user says no or can't be asked */
export async function turn(
  ways: readonly Way[],
  { direction, yes }: { readonly direction: Direction; readonly yes: boolean },
): Promise<void> {
  const seen = await Promise.all(ways.map(async (way) => ({ way, seen: await way.look() })));
  const open = seen.filter(({ seen }) => !isDone(direction, seen));
  for (const { way, seen: now } of seen) console.log(line(way, now, direction));
  const later = direction === "bypass" ? ways.flatMap((way) => way.later ?? []) : [];
  if (open.length > 0) {
    if (!yes) await confirm(direction);
    for (const { way, seen } of open) await (direction === "bypass" ? way.remove(seen) : way.restore());
    for (const text of new Set(open.map(({ way }) => done(way, direction)))) console.log(`✓ ${text}`);
  } else if (later.length === 0) {
    console.log("Nothing is left to do.");
  }
  for (const { gone } of later) console.log(await gone());
  for (const text of new Set(ways.map(({ after }) => after[direction]))) console.log(text);
}

function isDone(direction: Direction, { there, other }: Seen): boolean {
  return direction === "bypass" ? !there : there && other === undefined;
}

function done({ later }: Way, direction: Direction): string {
  if (later) return `${later.program} is told`;
  return direction === "bypass" ? "removed" : "restored";
}

function line({ what, later }: Way, { there, other }: Seen, direction: Direction): string {
  if (later && isDone(direction, { there })) return `  ${later.program} is told already: ${what}`;
  if (direction === "bypass") {
    if (!there) return `  already removed: ${what}`;
    return other === undefined
      ? `  to remove: ${what}`
      : `  to remove: ${other}\n    The stack made another one. \`unbypass\` restores that: ${what}`;
  }
  if (!there) return `  to restore: ${what}`;
  return other === undefined
    ? `  already present: ${what}`
    : `  to restore: ${what}\n    instead of: ${other}`;
}

async function confirm(direction: Direction): Promise<void> {
  if (!process.stdin.isTTY) throw new StepError("nothing was changed: without a terminal, add --yes");
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const where = direction === "bypass" ? "past the cache" : "to the cache again";
  const question = `Send clients ${where}? (yes/no) `;
  const answer = await asking.question(question).catch((error: NodeJS.ErrnoException) => {
    // Ctrl+C, Ctrl+D
    if (error.code !== "ABORT_ERR") throw error;
    console.log();
    return "no";
  });
  asking.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new StepError("nothing was changed");
}
