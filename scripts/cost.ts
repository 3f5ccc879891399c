/**
 * What the caches of all stacks cost, and what a change of their files changes: `npm run cost -- --help`.
 */
import { writeFile } from "node:fs/promises";
import type { Problem } from "../components/config/problems.ts";
import { type Arguments, parseArguments, usage } from "./cost/arguments.ts";
import { collect } from "./cost/collect.ts";
import { renderMarkdown } from "./cost/markdown.ts";
import { renderPage } from "./cost/page/page.ts";
import { slowProgress } from "./cost/progress.ts";
import type { Review } from "./cost/review.ts";
import { renderTerminal } from "./cost/terminal.ts";
import { ensureEngine } from "./setup/engine.ts";
import { runSteps } from "./setup/steps.ts";

const wanted = parse();

const renderers: Record<Arguments["format"], (review: Review) => string> = {
  table: renderTerminal,
  markdown: renderMarkdown,
  json: (review) => `${JSON.stringify(review, null, 2)}\n`,
  html: renderPage,
};

await runSteps(async () => {
  if (wanted.backend) await ensureEngine();
  await report();
});

async function report(): Promise<void> {
  const review = await collect(wanted, {
    directory: process.cwd(),
    stacks: wanted.stacks,
    today: new Date().toISOString().slice(0, 10),
    progress: slowProgress(),
  });
  const text = renderers[wanted.format](review);
  const problems = [...review.problems, ...(await write(text))];
  for (const { path, message } of problems) console.error(`✗ ${path}: ${message}`);
  if (problems.length > 0) process.exitCode = 1;
}

async function write(text: string): Promise<Problem[]> {
  if (wanted.out === undefined) {
    process.stdout.write(text);
    return [];
  }
  try {
    await writeFile(wanted.out, text);
    return [];
  } catch (error) {
    return [{ path: "--out", message: (error as Error).message }];
  }
}

function parse(): Arguments {
  try {
    const parsed = parseArguments(process.argv.slice(2));
    if (parsed) return parsed;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
