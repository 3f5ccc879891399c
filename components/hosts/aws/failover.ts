import type { Instance } from "@pulumi/aws/ec2/instance.js";
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmPlan } from "./plan.ts";
import { createStatusAlarm } from "./status-alarm.ts";

/** Shorter than the recovery of a machine takes, and longer than its restart. */
const minutes = 3;

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
  const alarm = createStatusAlarm(
    name,
    plan,
    machine,
    {
      action: "gone",
      says: "take the machine out of DNS",
      metric: "StatusCheckFailed",
      minutes,
      settings: { treatMissingData: "breaching" },
    },
    options,
  );
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
