/** The requests of a hosted zone's look-up, in addition to listing all zones: the networks of each zone with the name, the details of the found zone, and one for its records. */
import type { Cloud } from "../../cloud.ts";
import type { Asked } from "../../guard.ts";
import { zonesOfName } from "../hosted-zones.ts";
import type { Request } from "./evaluate.ts";

export function zoneRequests(cloud: Cloud, { type, inputs }: Asked): Request[] {
  const on = (name: string, { id }: { readonly id: string }): Request => ({
    action: `route53:${name}`,
    resource: `arn:aws:route53:::hostedzone/${id}`,
    context: { "aws:RequestedRegion": "us-east-1" },
  });
  if (type === "aws:route53/getRecords:getRecords")
    return [on("ListResourceRecordSets", { id: String(inputs.zoneId) })];
  if (type !== "aws:route53/getZone:getZone") return [];
  const { isPrivate, named, matching } = zonesOfName(inputs, cloud);
  const reads = ["GetHostedZone", "ListTagsForResource", ...(isPrivate ? ["ListResourceRecordSets"] : [])];
  return [
    ...(inputs.vpcId === undefined ? [] : named.map((zone) => on("GetHostedZone", zone))),
    ...matching.flatMap((zone) => reads.map((name) => on(name, zone))),
  ];
}
