/** Gives the engineer on call access to a cache: `npm run oncall -- --help`, and docs/runbooks/README.md. */

import { commandLine } from "./command/command-line.ts";
import { runSteps } from "./command/steps.ts";
import { turn } from "./oncall/bypass.ts";
import { wrongCommand } from "./oncall/command.ts";
import { placeOf } from "./oncall/place.ts";
import { deployedRegion } from "./oncall/state.ts";
import { open, runThere } from "./oncall/way-in.ts";
import { waysOf } from "./oncall/ways.ts";
import { ensureEngine } from "./setup/engine.ts";

const program = commandLine("npm run oncall --")
  .description(
    "Opens a session where the cache of a region runs, or runs one command of `registry-cache` there. docs/runbooks/README.md says more.",
  )
  .argument("<stack>", "as the alert's runbook names it: aws-eu-central-1")
  .argument("[region]", "may be left out where the stack has one, and without a command")
  .argument(
    "[command...]",
    "status, firing, logs edge, … `help` lists them; bypass and unbypass run on this computer",
  )
  .passThroughOptions()
  .addHelpText(
    "after",
    `
Without a command: a session on AWS; on Kubernetes and on this machine, a shell that has \`registry-cache\`; on Azure, how to send commands.

  bypass [--yes]        removes the region's DNS record, so that clients pull from the upstreams
  unbypass [--yes]      brings it back

Exit code: that of the command; 1 a problem, which standard error tells; 2 wrong usage.`,
  )
  .action((stack: string, region: string | undefined, command: string[]) =>
    runSteps(async () => {
      const [name, ...args] = command;
      await ensureEngine();
      const deployed = await deployedRegion(process.cwd(), stack, region);
      const wrong = wrongCommand(command);
      if (wrong !== undefined) program.error(`error: ${wrong}`);
      if (name === "bypass" || name === "unbypass") {
        await turn(await waysOf(deployed), { direction: name, yes: args.includes("--yes") });
        return;
      }
      const place = placeOf(deployed);
      process.exitCode =
        name === undefined ? await open(deployed, place) : await runThere(deployed, place, command);
    }),
  );

await program.parseAsync();
