/** What happens when EC2 reports that the machine is broken. */
import { MetricAlarm, type MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type { Instance } from "@pulumi/aws/ec2/instance.js";
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";

/** An alarm that fires after EC2's status check has failed for some consecutive minutes. */
interface StatusAlarm extends Pick<MetricAlarmArgs, "alarmActions" | "treatMissingData"> {
  /** Part of the alarm's name: `recover`. */
  readonly action: string;
  /** What the alarm does, as a verb phrase: "take the machine out of DNS". */
  readonly says: string;
  /** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics */
  readonly metric: "StatusCheckFailed" | "StatusCheckFailed_System" | "StatusCheckFailed_Instance";
  readonly minutes: number;
}

function createStatusAlarm(
  { names, region: { name } }: AwsVmPlan,
  { id: InstanceId }: Instance,
  { action, says, metric, minutes, ...settings }: StatusAlarm,
  options: pulumi.CustomResourceOptions,
): MetricAlarm {
  return new MetricAlarm(
    `${name}-${action}`,
    {
      name: names.alarm(action),
      alarmDescription: `Registry cache in ${name}: ${says} when EC2 finds it broken for ${minutes} minutes`,
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

/**
 * Actions that AWS takes on a broken machine. Recovery moves it to other hardware, with the same disk and address. A reboot is for a system
 * that no longer responds. It waits longer, so that the two don't overlap.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
 */
const recoveries = [
  { action: "recover", metric: "StatusCheckFailed_System", minutes: 2 },
  { action: "reboot", metric: "StatusCheckFailed_Instance", minutes: 5 },
] as const;

export function createRecovery(
  plan: AwsVmPlan,
  machine: Instance,
  options: pulumi.CustomResourceOptions,
): void {
  for (const { action, ...check } of recoveries) {
    const alarmActions = [`arn:aws:automate:${plan.region.name}:ec2:${action}`];
    const alarm = { action, says: `${action} the machine`, ...check, alarmActions };
    createStatusAlarm(plan, machine, alarm, options);
  }
}

/** Removes the machine from DNS. The time is shorter than a recovery takes, and longer than a restart. */
const failover: StatusAlarm = {
  action: "gone",
  says: "take the machine out of DNS",
  metric: "StatusCheckFailed",
  minutes: 3,
  treatMissingData: "breaching",
};

/**
 * Whether the machine exists and works, as EC2 sees it. Route 53's own checkers can't reach private addresses, and reach public ones only if the firewall allows them. A deleted machine
 * has no data. A machine that runs but serves nothing refuses connections, so clients try the upstream immediately.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 * @returns undefined if the records always stay
 */
export function createHealthCheck(
  plan: AwsVmPlan,
  machine: Instance,
  options: pulumi.CustomResourceOptions,
): HealthCheck | undefined {
  const { names, region } = plan;
  if (region.endpoint.failover === "none") return undefined;
  const alarm = createStatusAlarm(plan, machine, failover, options);
  return new HealthCheck(
    region.name,
    {
      type: "CLOUDWATCH_METRIC",
      cloudwatchAlarmName: alarm.name,
      cloudwatchAlarmRegion: region.name,
      insufficientDataHealthStatus: "Unhealthy",
      // Route 53 copies the alarm's definition when the health check is updated. Another machine changes the alarm's metric, so it must update the health check.
      triggers: { InstanceId: machine.id },
      tags: names.tags("gone"),
    },
    options,
  );
}
