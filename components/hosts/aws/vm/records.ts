import type { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record, type RecordArgs } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import { goesFirst } from "../../goes-first.ts";
import { activeName } from "../hosted-zones.ts";
import type { Address } from "./address.ts";
import type { VmArgs } from "./findings.ts";

/** The addresses survive a replacement of the machine, so this matters only when an address is given up. */
const ttlSeconds = 300;
/** TTL if a failed machine's addresses are removed. */
const failoverTtlSeconds = 60;

/**
 * Addresses to which a client never connects: its kernel refuses immediately, because they mean all hosts on the link.
 * https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp_ipv4.c#L266, https://github.com/torvalds/linux/blob/v6.12/net/ipv6/tcp_ipv6.c#L199
 */
const nowhere = { A: "255.255.255.255", AAAA: "ff02::1" };

/**
 * Creates the endpoint's DNS records if a zone is configured.
 * @param hasIpv6 whether the machine has an IPv6 address
 * @param healthCheck if it is unhealthy, the addresses are removed from DNS. Undefined if they always stay.
 */
export function createRecords(
  { plan, found: { hostedZone, access } }: VmArgs,
  address: Address,
  hasIpv6: boolean,
  healthCheck: HealthCheck | undefined,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone) return;
  const { id: zoneId } = hostedZone;
  const { name, endpoint } = plan.region;
  const { hostname } = endpoint;
  const own = goesFirst(options);
  const create = (
    resource: string,
    type: keyof typeof nowhere,
    records: pulumi.Input<string>[] | pulumi.Output<string[]>,
  ) => {
    const record = { zoneId, name: hostname, type };
    if (!healthCheck) {
      new Record(resource, { ...record, ttl: ttlSeconds, records }, own);
      return;
    }
    // Route 53 answers with the secondary record while the primary one is unhealthy. With only one record, it would answer with that even if it is unhealthy:
    // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html. The two have another name, so that the endpoint's own record
    // changes between an alias to them and an address in place.
    const failover = (part: string, policy: string, args: Partial<RecordArgs>) =>
      new Record(
        `${resource}-${part}`,
        {
          ...record,
          name: activeName(hostname),
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
    // Takes the zone from `active`, so that Pulumi deletes this record before that one, because an alias must refer to an existing record.
    // https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
    new Record(resource, { ...record, zoneId: active.zoneId, aliases }, own);
  };
  create(name, "A", [address.ipv4]);
  // If clients aren't allowed to use IPv6, an AAAA record would make them wait before they try IPv4.
  if (hasIpv6 && access.hasIpv6Clients) create(`${name}-ipv6`, "AAAA", address.ipv6);
}
