/** AWS Session Manager. */
import { setTimeout as delay } from "node:timers/promises";
import { StepError } from "../../command/steps.ts";
import type { AwsVm } from "../place.ts";
import { askJson, demand, interactive } from "../programs.ts";
import type { DeployedRegion } from "../state.ts";
import { commandMinutes } from "./script.ts";

/** @returns the session's exit code */
export async function openSession(deployed: DeployedRegion, { region, instance }: AwsVm): Promise<number> {
  await demand("session-manager-plugin");
  console.error("In the session: `registry-cache status`, `registry-cache help`.");
  const code = await interactive("aws", ["ssm", "start-session", "--region", region, "--target", instance]);
  if (code !== 0) console.error(notConnected(deployed, region, instance));
  return code;
}

/** @returns the script's standard output: https://docs.aws.amazon.com/cli/latest/reference/ssm/send-command.html */
export async function throughAws(
  deployed: DeployedRegion,
  { region, instance }: AwsVm,
  script: string,
): Promise<string> {
  const failed = (why: string) => new StepError(`${why}\n${notConnected(deployed, region, instance)}`);
  const where = ["--region", region, "--output", "json"];
  const parameters = { commands: [script], executionTimeout: [String(commandMinutes * 60)] };
  const sent = (await askJson("aws", [
    ...["ssm", "send-command", ...where, "--document-name", "AWS-RunShellScript"],
    ...["--instance-ids", instance, "--timeout-seconds", "60"],
    ...["--parameters", JSON.stringify(parameters)],
  ]).catch((error: Error) => {
    if (!/InvalidInstanceId/.test(error.message)) throw error;
    throw failed(error.message);
  })) as { Command: { CommandId: string } };
  const question = ["--command-id", sent.Command.CommandId, "--instance-id", instance];
  const end = Date.now() + (commandMinutes + 1) * 60_000;
  for (;;) {
    await delay(Number(process.env.ONCALL_POLL_MS ?? 1500));
    const found = (await askJson("aws", ["ssm", "get-command-invocation", ...where, ...question]).catch(
      // The invocation doesn't exist immediately.
      (error: Error) => (/InvocationDoesNotExist/.test(error.message) ? undefined : Promise.reject(error)),
    )) as { Status: string; StandardOutputContent: string; StandardErrorContent: string } | undefined;
    if (found && !["Pending", "InProgress", "Delayed"].includes(found.Status)) {
      if (found.StandardOutputContent !== "") return found.StandardOutputContent;
      throw failed(`the command ended with ${found.Status}: ${found.StandardErrorContent}`);
    }
    if (Date.now() > end) throw failed(`no answer within ${commandMinutes} minutes.`);
  }
}

function notConnected({ stack, region: name }: DeployedRegion, region: string, instance: string): string {
  return [
    "If it isn't the credentials (`aws sts get-caller-identity`), the machine is dead, hung or without a way out:",
    `  npm run oncall -- ${stack} ${name} bypass      sends clients to the upstreams`,
    `  aws ec2 get-console-output --region ${region} --instance-id ${instance} --latest --output text`,
    `  aws ec2 reboot-instances --region ${region} --instance-ids ${instance}`,
  ].join("\n");
}
