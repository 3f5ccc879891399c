import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type { Instance } from "@pulumi/aws/ec2/instance.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";

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
  { names, region: { name: region } }: AwsVmPlan,
  { id: InstanceId }: Instance,
  options: pulumi.CustomResourceOptions,
): void {
  for (const { action, metric, minutes } of recoveries) {
    new MetricAlarm(
      `${name}-${action}`,
      {
        name: names.alarm(action),
        alarmDescription: `Registry cache in ${region}: ${action} the machine when EC2 finds it broken for ${minutes} minutes`,
        namespace: "AWS/EC2",
        metricName: metric,
        dimensions: { InstanceId },
        statistic: "Maximum",
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        period: 60,
        evaluationPeriods: minutes,
        alarmActions: [`arn:aws:automate:${region}:ec2:${action}`],
        tags: names.tags(action),
      },
      options,
    );
  }
}
