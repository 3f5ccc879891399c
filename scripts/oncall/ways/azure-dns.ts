import { nameOf } from "../../engine/changes.ts";
import type { Resource } from "../../engine/state.ts";
import { askJson } from "../programs.ts";
import { type DeployedRegion, resourcesOf } from "../state.ts";
import { cloudAfter, type Way } from "./way.ts";

/** API version of each kind of zone, by the provider's type of a record: https://learn.microsoft.com/rest/api/dns/record-sets, https://learn.microsoft.com/rest/api/dns/privatednszones/record-sets */
const azureZones = {
  "azure-native:dns:RecordSet": "2018-05-01",
  "azure-native:privatedns:PrivateRecordSet": "2020-06-01",
} as const;

/** The endpoint's record in an Azure zone. */
export function azureDns(deployed: DeployedRegion): Way[] {
  return Object.entries(azureZones).flatMap(([type, version]) =>
    resourcesOf(deployed, type)
      .filter((record) => nameOf(record) === `${deployed.region}-address` && record.id)
      .map((record) => azureRecord(record, version)),
  );
}

interface AzureProperties {
  readonly TTL: number;
  readonly ARecords?: readonly { readonly ipv4Address: string }[];
  readonly CNAMERecord?: { readonly cname: string };
}

function azureRecord({ id = "", inputs = {} }: Resource, version: string): Way {
  const wanted = azureProperties(inputs);
  // …/dnsZones/example.com/A/cache.westeurope
  const [zone = "", type = "", name = ""] = /^(.+)\/([^/]+)\/([^/]+)$/.exec(id)?.slice(1) ?? [];
  const fullName = `${name}.${zone.slice(zone.lastIndexOf("/") + 1)}`;
  const of = (path: string) => `${path}?api-version=${version}`;
  const line = (it: AzureProperties) =>
    `${type} ${fullName} ${it.TTL} ${[...(it.ARecords ?? []).map(({ ipv4Address }) => ipv4Address), it.CNAMERecord?.cname ?? ""].filter(Boolean).sort().join(" ")}`;
  return {
    what: line(wanted),
    async look() {
      // Lists the records, because that distinguishes a missing zone (an error) from a missing record (not in the list).
      let page = (await rest("get", of(`${zone}/${type}`))) as AzureList;
      const all = [...page.value];
      while (page.nextLink) {
        page = (await rest("get", page.nextLink)) as AzureList;
        all.push(...page.value);
      }
      const found = all.find((it) => it.name.toLowerCase() === name.toLowerCase());
      if (!found) return { there: false };
      const now = line(azureProperties(found.properties));
      return { there: true, ...(now !== line(wanted) && { other: now }) };
    },
    remove: () => rest("delete", of(id)),
    restore: () => rest("put", of(id), "--body", JSON.stringify({ properties: wanted })),
    after: cloudAfter(wanted.TTL),
  };
}

function rest(method: string, url: string, ...more: readonly string[]): Promise<unknown> {
  return askJson("az", ["rest", "--method", method, "--url", url, "--output", "json", ...more]);
}

interface AzureList {
  readonly value: readonly {
    readonly name: string;
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
  readonly nextLink?: string;
}

/** Ignores the case of keys, because private zones and the state spell them differently: `ttl`, `aRecords`. */
function azureProperties(properties: Readonly<Record<string, unknown>>): AzureProperties {
  const byKey = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key.toLowerCase(), value]),
  );
  return {
    TTL: byKey.ttl as number,
    ARecords: byKey.arecords as { ipv4Address: string }[],
    CNAMERecord: byKey.cnamerecord as { cname: string },
  };
}
