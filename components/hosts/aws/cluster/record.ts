import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { ClusterFindings } from "./findings.ts";

export interface RecordArgs {
  readonly region: AwsClusterRegion;
  readonly found: Pick<ClusterFindings, "hostedZone" | "loadBalancerZoneId">;
  /** Its name in AWS's zone. */
  readonly loadBalancer: pulumi.Input<string>;
}

/** The endpoint's name in DNS, with the addresses of the load balancer, where there is a zone for it. */
export function createRecord(
  name: string,
  { region, found: { hostedZone, loadBalancerZoneId }, loadBalancer }: RecordArgs,
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
