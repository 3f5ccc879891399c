import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../kind.ts";
import type { Address } from "./address.ts";
import type { VmFindings } from "./findings.ts";
import type { AwsVmPlan } from "./plan.ts";

export interface RecordsArgs {
  readonly address: Address;
  /** Whether the machine has an IPv6 address. */
  readonly hasIpv6: boolean;
}

/** The addresses stay when the machine goes, so it matters only when one is given up. */
const ttlSeconds = 300;

/** The endpoint's names in DNS, where there is a zone for them. */
export function createRecords(
  name: string,
  { plan: { region }, found: { hostedZone, access } }: HostArgs<AwsVmPlan, VmFindings>,
  { address, hasIpv6 }: RecordsArgs,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone) return;
  const common = { zoneId: hostedZone.id, name: region.endpoint.hostname, ttl: ttlSeconds };
  new Record(name, { ...common, type: "A", records: [address.ipv4] }, options);
  // A client that finds the name's IPv6 address and may not use it waits before it tries IPv4.
  if (!hasIpv6 || !access.hasIpv6Clients) return;
  new Record(`${name}-ipv6`, { ...common, type: "AAAA", records: address.ipv6 }, options);
}
