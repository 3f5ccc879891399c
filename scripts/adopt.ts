/** `npm run adopt -- --help`, and docs/day-2.md#take-over-existing-resources. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { adopt } from "./adopt/adopt.ts";
import { adoptedLines } from "./adopt/report.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps } from "./command/steps.ts";
import { shortName } from "./fleet/backend.ts";
import { demandRemoteStack, pathOf } from "./fleet/stack-files.ts";
import { ensureEngine } from "./setup/engine.ts";

interface Options {
  readonly out: string;
  readonly configFile?: string;
  readonly strict?: true;
}

const program = commandLine("npm run adopt --")
  .description(
    "Writes an import file for resources that exist in the cloud and that the stack needs, but that its state doesn't have. It changes neither the cloud nor a state.",
  )
  .argument("<stack>", "name of the stack")
  .option("--out <file>", "the import file", "import.json")
  .option("--config-file <file>", "the stack's file. Default: as in stacks/")
  .option(
    "--strict",
    "write nothing, and fail, if something is missing or isn't certain, or would be replaced",
  )
  .addHelpText(
    "after",
    "\nExit code: 0 the file is written; 1 it isn't, and standard error says why; 2 wrong usage.",
  )
  .action((stack: string, { out, configFile, strict }: Options) =>
    runSteps(async () => {
      if (configFile === undefined) await demandRemoteStack(process.cwd(), shortName(stack));
      await ensureEngine();
      const file = resolve(configFile ?? pathOf(shortName(stack)));
      const adopted = await adopt(process.cwd(), stack, file);
      const { lines, problems } = adoptedLines(adopted);
      for (const line of lines) console.log(line);
      for (const problem of problems) console.error(`✗ ${problem}`);
      if (adopted.count === 0 || (strict && problems.length > 0)) {
        console.error("Nothing was written.");
        process.exitCode = 1;
        return;
      }
      const commands = await Promise.all(
        adopted.files.map(async (content, index) => {
          const file = index === 0 ? out : out.replace(/(\.json)?$/, `-${index + 1}.json`);
          await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
          return `npm run pulumi -- import --file ${file} --protect=false --generate-code=false --stack ${stack}`;
        }),
      );
      console.log(["Next:", ...commands].join("\n  "));
    }),
  );

await program.parseAsync();
