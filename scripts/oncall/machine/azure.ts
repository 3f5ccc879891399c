/** Azure Run Command. */
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StepError } from "../../command/steps.ts";
import type { AzureVm } from "../place.ts";
import { ask } from "../programs.ts";
import type { DeployedRegion } from "../state.ts";
import { commandMinutes } from "./script.ts";

/** What to do on Azure, where there are no sessions. */
export function withoutSession(
  { stack, region }: DeployedRegion,
  { machine, resourceGroup, subscription }: AzureVm,
): string {
  return [
    `${region} runs on ${machine} in ${resourceGroup}, subscription ${subscription}. Nobody can log in: send commands, half a minute each.`,
    `  npm run oncall -- ${stack} ${region} status`,
    `  npm run oncall -- ${stack} ${region} help`,
  ].join("\n");
}

/** @returns the script's standard output and error: https://learn.microsoft.com/azure/virtual-machines/linux/run-command */
export async function throughAzure(
  { stack, region }: DeployedRegion,
  { subscription, resourceGroup, machine }: AzureVm,
  script: string,
): Promise<string> {
  const where = ["--subscription", subscription, "--resource-group", resourceGroup, "--name", machine];
  const query = "[instanceView.statuses[-1].displayStatus, instanceView.vmAgent.statuses[0].displayStatus]";
  const view = ["vm", "get-instance-view", ...where, "--output", "tsv", "--query", query];
  const state = await ask("az", view);
  const [power = "", agent = ""] = state.split(/[\t\n]/);
  // Without the agent, a command fails only after 90 minutes, and further commands fail with a conflict: https://github.com/Azure/azure-cli/issues/14642
  if (agent !== "Ready")
    throw new StepError(
      [
        `${machine}: ${power || "its state isn't known"}, and its agent is ${agent && agent !== "None" ? agent : "silent"}, so it accepts no commands.`,
        `  npm run oncall -- ${stack} ${region} bypass      sends clients to the upstreams`,
        `  az vm boot-diagnostics get-boot-log ${where.join(" ")}`,
        `  az vm restart ${where.join(" ")}`,
      ].join("\n"),
    );
  await using directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-oncall-"));
  const file = join(directory.path, "script.sh");
  await writeFile(file, script);
  return await ask(
    "az",
    [
      ...["vm", "run-command", "invoke", ...where, "--command-id", "RunShellScript"],
      ...["--scripts", `@${file}`, "--query", "value[0].message", "--output", "tsv"],
    ],
    { timeoutSeconds: commandMinutes * 60 },
  );
}
