import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmRegion } from "../../config/schema.ts";
import type { Address } from "./address.ts";

export interface RecordsArgs {
  readonly region: AwsVmRegion;
  /** Id of the hosted zone. */
  readonly zoneId: string;
  readonly address: Address;
  /** Whether the machine has an IPv6 address, and clients that use it. */
  readonly hasIpv6: boolean;
}

/** The addresses stay when the machine goes, so it matters only when one is given up. */
const ttlSeconds = 300;

/** The endpoint's names in DNS. */
export function createRecords(
  name: string,
  { region, zoneId, address, hasIpv6 }: RecordsArgs,
  options: pulumi.CustomResourceOptions,
): void {
  const common = { zoneId, name: region.endpoint.hostname, ttl: ttlSeconds };
  new Record(name, { ...common, type: "A", records: [address.ipv4] }, options);
  // A client that finds the name's IPv6 address and may not use it waits before it tries IPv4.
  if (!hasIpv6) return;
  new Record(`${name}-ipv6`, { ...common, type: "AAAA", records: address.ipv6 }, options);
}
