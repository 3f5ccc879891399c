import type { Instance } from "@pulumi/aws/ec2/instance.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";
import { createStatusAlarm } from "./status-alarm.ts";

/**
 * What AWS does about a machine that it finds broken. Recovery moves it to other hardware, with the same disk and address; a reboot is for a system
 * that doesn't answer any more, and waits longer, so that they don't meet.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
 */
const recoveries = [
  { action: "recover", metric: "StatusCheckFailed_System", minutes: 2 },
  { action: "reboot", metric: "StatusCheckFailed_Instance", minutes: 5 },
] as const;

export function createRecovery(
  name: string,
  plan: AwsVmPlan,
  machine: Instance,
  options: pulumi.CustomResourceOptions,
): void {
  for (const { action, metric, minutes } of recoveries) {
    const settings = { alarmActions: [`arn:aws:automate:${plan.region.name}:ec2:${action}`] };
    createStatusAlarm(
      name,
      plan,
      machine,
      { action, says: `${action} the machine`, metric, minutes, settings },
      options,
    );
  }
}
