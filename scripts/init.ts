/** Adapts Pulumi.yaml to another organization: `npm run init -- --help`. */
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Option } from "commander";
import { ConfigError } from "../components/config/problems.ts";
import { commandLine } from "./command/command-line.ts";
import { type Answers, currentAnswers, settings, withAnswers } from "./init/project-file.ts";

const file = "Pulumi.yaml";
/** The registry's other settings. They rarely fit another registry. */
const ofRegistry = Object.entries(settings).filter(([, { path }]) =>
  path.includes("registry-cache:upstreams"),
);
const program = commandLine("npm run init --")
  .description(
    `Sets the values in ${file} that differ between organizations. On a terminal, without options, it asks. An empty value removes what is there.`,
  )
  .addHelpText(
    "after",
    "\nExit code: 0 written, or nothing to change; 1 a value is wrong, and nothing is written; 2 wrong usage.",
  );
const options = Object.entries(settings).map(
  ([option, { example, what }]) => new Option(`--${option} <value>`, `${what}, such as ${example}`),
);
for (const option of options) program.addOption(option);
const given = program.parse().opts();
const wanted: Answers = Object.fromEntries(
  options.flatMap((option) => {
    const value = given[option.attributeName()];
    return value === undefined ? [] : [[option.name(), value]];
  }),
);
const text = await readFile(file, "utf8").catch((error: Error) => {
  console.error(`${file} can't be read: ${error.message}. Run this in the project's directory.`);
  process.exit(1);
});
try {
  const current = currentAnswers(text);
  const answers = Object.keys(wanted).length === 0 ? await ask(current) : wanted;
  const changed = withAnswers(text, answers);
  await writeFile(file, changed);
  for (const [option, { what }] of Object.entries(settings)) {
    const value = answers[option];
    if (value !== undefined && value !== (current[option] ?? "")) console.log(`${what}: ${value || "none"}`);
  }
  if (answers.registry !== undefined && answers.registry !== current.registry) {
    for (const [option, { what }] of ofRegistry) {
      if (answers[option] === undefined && current[option])
        console.error(`! ${what}: still ${current[option]}, as for ${current.registry} (--${option})`);
    }
  }
  const next = answers.state ? "docs/state.md, then `npm run pulumi -- stack init`" : "npm run local";
  console.log(changed === text ? `${file} is as it was.` : `${file} is written. Next: ${next}`);
} catch (error) {
  // The user pressed Ctrl+C or Ctrl+D instead of answering.
  const isAborted = (error as NodeJS.ErrnoException).code === "ABORT_ERR";
  if (!isAborted && !(error instanceof ConfigError)) throw error;
  console.error(`${isAborted ? "" : (error as Error).message}\n${file} is as it was.`);
  process.exitCode = 1;
}

async function ask(current: Answers): Promise<Answers> {
  if (!process.stdin.isTTY) {
    program.error("error: without a terminal, give the values as options");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answers: Record<string, string> = {};
  for (const [option, { what, example }] of Object.entries(settings)) {
    const hint = current[option] ?? `for example ${example}; empty for none`;
    const answer = (await terminal.question(`${what} (${hint}): `)).trim();
    if (answer) answers[option] = answer;
  }
  terminal.close();
  return answers;
}
