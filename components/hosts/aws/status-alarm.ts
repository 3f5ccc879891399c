import { MetricAlarm, type MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type { Instance } from "@pulumi/aws/ec2/instance.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";

export interface StatusAlarmArgs {
  /** Part of its name: `recover`. */
  readonly action: string;
  /** What happens then, as a sentence without its end: "take the machine out of DNS". */
  readonly says: string;
  /** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics */
  readonly metric: "StatusCheckFailed" | "StatusCheckFailed_System" | "StatusCheckFailed_Instance";
  readonly minutes: number;
  /** What happens then, and what missing data mean. */
  readonly settings: Pick<MetricAlarmArgs, "alarmActions" | "treatMissingData">;
}

/** Tells when EC2 has found the machine broken for some minutes on end. */
export function createStatusAlarm(
  name: string,
  { names, region: { name: region } }: AwsVmPlan,
  { id: InstanceId }: Instance,
  { action, says, metric, minutes, settings }: StatusAlarmArgs,
  options: pulumi.CustomResourceOptions,
): MetricAlarm {
  return new MetricAlarm(
    `${name}-${action}`,
    {
      name: names.alarm(action),
      alarmDescription: `Registry cache in ${region}: ${says} when EC2 finds it broken for ${minutes} minutes`,
      namespace: "AWS/EC2",
      metricName: metric,
      dimensions: { InstanceId },
      statistic: "Maximum",
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      period: 60,
      evaluationPeriods: minutes,
      ...settings,
      tags: names.tags(action),
    },
    options,
  );
}
