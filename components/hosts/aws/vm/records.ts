import type { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record, type RecordArgs } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import { goesFirst } from "../../records.ts";
import type { Address } from "./address.ts";
import type { VmArgs } from "./findings.ts";

export interface RecordsArgs {
  readonly address: Address;
  /** Whether the machine has an IPv6 address. */
  readonly hasIpv6: boolean;
  /** By which the addresses go. @default they stay */
  readonly healthCheck: HealthCheck | undefined;
}

/** The addresses stay when the machine goes, so it matters only when one is given up. */
const ttlSeconds = 300;
/** Where they go with it. */
const failoverTtlSeconds = 60;

/**
 * Addresses that no connection is ever made to: the kernel of a client refuses it at once, as it is that of all hosts on the link.
 * https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp_ipv4.c#L266, https://github.com/torvalds/linux/blob/v6.12/net/ipv6/tcp_ipv6.c#L199
 */
const nowhere = { A: "255.255.255.255", AAAA: "ff02::1" };

/** The endpoint's names in DNS, where there is a zone for them. */
export function createRecords(
  name: string,
  { plan, found: { hostedZone, access } }: VmArgs,
  { address, hasIpv6, healthCheck }: RecordsArgs,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone) return;
  const { id: zoneId } = hostedZone;
  const { hostname } = plan.region.endpoint;
  const own = goesFirst(options);
  const create = (
    resource: string,
    type: keyof typeof nowhere,
    records: pulumi.Input<string>[] | pulumi.Output<string[]>,
  ) => {
    const endpoint = { zoneId, name: hostname, type };
    if (!healthCheck) {
      new Record(resource, { ...endpoint, ttl: ttlSeconds, records }, own);
      return;
    }
    // Two records, of which Route 53 answers with the second while the first isn't healthy. With the first alone it would go on answering with that:
    // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html. They have a name of their own, so that the endpoint's record
    // changes between them and an address in place.
    const failover = (part: string, policy: string, args: Partial<RecordArgs>) =>
      new Record(
        `${resource}-${part}`,
        {
          ...endpoint,
          name: `active.${hostname}`,
          ttl: failoverTtlSeconds,
          setIdentifier: part,
          failoverRoutingPolicies: [{ type: policy }],
          ...args,
        },
        own,
      );
    failover("nowhere", "SECONDARY", { records: [nowhere[type]] });
    const active = failover("active", "PRIMARY", { records, healthCheckId: healthCheck.id });
    const aliases = [{ name: active.fqdn, zoneId, evaluateTargetHealth: false }];
    // The zone as that one has it: where that one goes first, this one goes before it, because an alias leads to what is there.
    // https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
    new Record(resource, { ...endpoint, zoneId: active.zoneId, aliases }, own);
  };
  create(name, "A", [address.ipv4]);
  // A client that finds the name's IPv6 address and may not use it waits before it tries IPv4.
  if (hasIpv6 && access.hasIpv6Clients) create(`${name}-ipv6`, "AAAA", address.ipv6);
}
