import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../../kind.ts";
import type { ClusterFindings } from "./findings.ts";
import type { AwsClusterPlan } from "./plan.ts";

/**
 * The endpoint's name in DNS, with the addresses of the load balancer, where there is a zone for it.
 * @param loadBalancer its name in AWS's zone.
 */
export function createRecord(
  name: string,
  { plan: { region }, found: { hostedZone, loadBalancerZoneId } }: HostArgs<AwsClusterPlan, ClusterFindings>,
  loadBalancer: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone || loadBalancerZoneId === undefined) return;
  new Record(
    name,
    {
      zoneId: hostedZone.id,
      name: region.endpoint.hostname,
      type: "A",
      aliases: [{ name: loadBalancer, zoneId: loadBalancerZoneId, evaluateTargetHealth: false }],
    },
    options,
  );
}
