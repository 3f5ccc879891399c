import type { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
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
  /** By which the addresses go. @default they stay */
  readonly healthCheck: HealthCheck | undefined;
}

/** The addresses stay when the machine goes, so it matters only when one is given up. */
const ttlSeconds = 300;
/** Where they go with it. */
const failoverTtlSeconds = 60;

/** The endpoint's names in DNS, where there is a zone for them. */
export function createRecords(
  name: string,
  { plan, found: { hostedZone, access } }: HostArgs<AwsVmPlan, VmFindings>,
  { address, hasIpv6, healthCheck }: RecordsArgs,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone) return;
  const common = { zoneId: hostedZone.id, name: plan.region.endpoint.hostname };
  const create = (
    resource: string,
    family: Family,
    records: pulumi.Input<string>[] | pulumi.Output<string[]>,
  ) => {
    const { type } = family;
    if (!healthCheck) {
      new Record(resource, { ...common, ttl: ttlSeconds, type, records }, options);
      return;
    }
    const failover = createFailover(resource, { ...family, ...common, healthCheck, records }, options);
    const aliases = [{ name: failover.fqdn, zoneId: hostedZone.id, evaluateTargetHealth: false }];
    new Record(resource, { ...common, type, aliases }, options);
  };
  create(name, ipv4, [address.ipv4]);
  // A client that finds the name's IPv6 address and may not use it waits before it tries IPv4.
  if (hasIpv6 && access.hasIpv6Clients) create(`${name}-ipv6`, ipv6, address.ipv6);
}

/**
 * A family of addresses, and one that no connection is ever made to: the kernel of a client refuses it at once, as it is that of all hosts on the link.
 * https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp_ipv4.c#L266, https://github.com/torvalds/linux/blob/v6.12/net/ipv6/tcp_ipv6.c#L199
 */
interface Family {
  readonly type: "A" | "AAAA";
  readonly nowhere: string;
}

const ipv4: Family = { type: "A", nowhere: "255.255.255.255" };
const ipv6: Family = { type: "AAAA", nowhere: "ff02::1" };

interface FailoverArgs extends Family {
  readonly zoneId: string;
  /** The endpoint's. */
  readonly name: string;
  readonly healthCheck: HealthCheck;
  readonly records: pulumi.Input<string>[] | pulumi.Output<string[]>;
}

/**
 * Two records, of which Route 53 answers with the second while the first isn't healthy. With the first alone it would go on answering with that:
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html. They have a name of their own, so that the endpoint's record
 * changes between them and an address in place.
 * @returns the first.
 */
function createFailover(
  resource: string,
  { type, nowhere, zoneId, name, healthCheck, records }: FailoverArgs,
  options: pulumi.CustomResourceOptions,
): Record {
  const common = { zoneId, name: `active.${name}`, type, ttl: failoverTtlSeconds };
  new Record(
    `${resource}-nowhere`,
    {
      ...common,
      records: [nowhere],
      setIdentifier: "nowhere",
      failoverRoutingPolicies: [{ type: "SECONDARY" }],
    },
    options,
  );
  return new Record(
    `${resource}-active`,
    {
      ...common,
      records,
      setIdentifier: "active",
      failoverRoutingPolicies: [{ type: "PRIMARY" }],
      healthCheckId: healthCheck.id,
    },
    options,
  );
}
