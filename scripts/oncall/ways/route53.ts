import type { Resource } from "../../engine/state.ts";
import { askJson } from "../programs.ts";
import { type DeployedRegion, resourcesOf, textOf } from "../state.ts";
import { cloudAfter, hostnameOf, type Way } from "./way.ts";

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html */
interface Route53RecordSet {
  readonly Name: string;
  readonly Type: string;
  readonly TTL?: number;
  readonly ResourceRecords?: readonly { readonly Value: string }[];
  readonly AliasTarget?: {
    readonly HostedZoneId: string;
    readonly DNSName: string;
    readonly EvaluateTargetHealth: boolean;
  };
  readonly SetIdentifier?: string;
}

/** An alias has its target's TTL: 60 s for a load balancer and for failover's records. */
const aliasSeconds = 60;

/** The endpoint's records in Route 53. */
export function route53(deployed: DeployedRegion): Way[] {
  const records = resourcesOf(deployed, "aws:route53/record:Record");
  if (records.length === 0) return [];
  const hostname = hostnameOf(deployed);
  // Failover's own two records have another name, and nobody requests them without the endpoint's alias.
  return records
    .filter(({ inputs }) => textOf(inputs, "name") === hostname)
    .map((record) => route53Record(record));
}

function route53Record({ inputs = {} }: Resource): Way {
  const zone = String(inputs.zoneId);
  const wanted = asRecordSet(inputs);
  const change = (Action: string, ResourceRecordSet: Route53RecordSet) =>
    askJson("aws", [
      ...["route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--output", "json"],
      ...["--change-batch", JSON.stringify({ Changes: [{ Action, ResourceRecordSet }] })],
    ]);
  return {
    what: route53Line(wanted),
    async look() {
      const answer = (await askJson("aws", [
        ...["route53", "list-resource-record-sets", "--hosted-zone-id", zone],
        ...["--output", "json", "--max-items", "1"],
        ...["--start-record-name", wanted.Name, "--start-record-type", wanted.Type],
      ])) as { ResourceRecordSets: Route53RecordSet[] };
      const found = answer.ResourceRecordSets.find(
        ({ Name, Type }) => dotless(Name) === dotless(wanted.Name) && Type === wanted.Type,
      );
      if (!found) return { there: false };
      const line = route53Line(found);
      return { there: true, raw: found, ...(line !== route53Line(wanted) && { other: line }) };
    },
    remove: ({ raw }) => change("DELETE", raw as Route53RecordSet),
    restore: () => change("UPSERT", wanted),
    after: cloudAfter(wanted.TTL ?? aliasSeconds),
  };
}

/** DNS names can end with a dot, and have no case. */
function dotless(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

function asRecordSet(inputs: Readonly<Record<string, unknown>>): Route53RecordSet {
  const { name, type, ttl, records, aliases } = inputs as {
    name: string;
    type: string;
    ttl?: number;
    records?: string[];
    aliases?: { name: string; zoneId: string; evaluateTargetHealth: boolean }[];
  };
  const [alias] = aliases ?? [];
  return {
    Name: name,
    Type: type,
    ...(alias
      ? {
          AliasTarget: {
            HostedZoneId: alias.zoneId,
            DNSName: alias.name,
            EvaluateTargetHealth: alias.evaluateTargetHealth,
          },
        }
      : {
          ...(ttl !== undefined && { TTL: ttl }),
          ResourceRecords: (records ?? []).map((Value) => ({ Value })),
        }),
  };
}

function route53Line({ Name, Type, TTL, ResourceRecords = [], AliasTarget }: Route53RecordSet): string {
  const values = AliasTarget
    ? `alias of ${dotless(AliasTarget.DNSName)}`
    : `${TTL} ${ResourceRecords.map(({ Value }) => Value)
        .sort()
        .join(" ")}`;
  return `${Type} ${dotless(Name)} ${values}`;
}
