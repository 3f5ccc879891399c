/** What happens when EC2 finds the machine broken. */
import { MetricAlarm, type MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import type { Instance } from "@pulumi/aws/ec2/instance.js";
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";

/** For some minutes on end. */
interface StatusAlarm extends Pick<MetricAlarmArgs, "alarmActions" | "treatMissingData"> {
  /** Part of its name: `recover`. */
  readonly action: string;
  /** What happens then, as a sentence without its end: "take the machine out of DNS". */
  readonly says: string;
  /** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics */
  readonly metric: "StatusCheckFailed" | "StatusCheckFailed_System" | "StatusCheckFailed_Instance";
  readonly minutes: number;
}

function createStatusAlarm(
  name: string,
  { names, region: { name: region } }: AwsVmPlan,
  { id: InstanceId }: Instance,
  { action, says, metric, minutes, ...settings }: StatusAlarm,
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
  for (const { action, ...check } of recoveries) {
    const alarmActions = [`arn:aws:automate:${plan.region.name}:ec2:${action}`];
    const alarm = { action, says: `${action} the machine`, ...check, alarmActions };
    createStatusAlarm(name, plan, machine, alarm, options);
  }
}

/** The machine leaves DNS. The time is shorter than its recovery takes, and longer than its restart. */
const failover: StatusAlarm = {
  action: "gone",
  says: "take the machine out of DNS",
  metric: "StatusCheckFailed",
  minutes: 3,
  treatMissingData: "breaching",
};

/**
 * Whether the machine is there, as EC2 sees it: Route 53's own checkers reach no private address, and a public one only if its firewall lets them in. A machine that is gone has no
 * data. One that is there, but serves nothing, refuses connections, and clients go on at once.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 * @returns undefined where the records stay.
 */
export function createHealthCheck(
  name: string,
  plan: AwsVmPlan,
  machine: Instance,
  options: pulumi.CustomResourceOptions,
): HealthCheck | undefined {
  const { names, region } = plan;
  if (region.endpoint.failover === "none") return undefined;
  const alarm = createStatusAlarm(name, plan, machine, failover, options);
  return new HealthCheck(
    name,
    {
      type: "CLOUDWATCH_METRIC",
      cloudwatchAlarmName: alarm.name,
      cloudwatchAlarmRegion: region.name,
      insufficientDataHealthStatus: "Unhealthy",
      // Route 53 knows the alarm as it was when the health check was last set, and another machine is another metric.
      triggers: { InstanceId: machine.id },
      tags: names.tags("gone"),
    },
    options,
  );
}
