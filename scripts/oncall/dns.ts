/** The endpoint's DNS records: away, so that clients go to the upstreams at once, and back. On this computer, as a dead cache can't. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { podman } from "../../components/hosts/local/podman.ts";
import { StepError, step } from "../setup/steps.ts";
import { askZone, type InZone } from "./name-servers.ts";
import { type Cluster, type Local, placeOf } from "./place.ts";
import { ask, askJson } from "./programs.ts";
import { type DeployedRegion, nameOf, type Resource, resourcesOf, textOf } from "./state.ts";
import { kubectlEnvironment } from "./way-in.ts";

/** Something that leads clients to the cache. */
export interface Way {
  /** A line: `A cache.example.com 300 203.0.113.9`. */
  readonly what: string;
  /** As it is now. @throws StepError where that can't be found out: a missing zone isn't a record that is away */
  look(): Promise<Seen>;
  remove(seen: Seen): Promise<void>;
  restore(): Promise<void>;
  /** Where another program changes the record, some time after it is told. */
  readonly later?: {
    readonly program: string;
    /** Waits for the record to be away, where that can be seen. @returns a line. @throws StepError where it stays */
    gone(): Promise<string>;
  };
  /** For whoever has just done one of them. */
  readonly after: { readonly bypass: string; readonly unbypass: string };
}

export interface Seen {
  readonly there: boolean;
  /** What is there, where it isn't what the state says. */
  readonly other?: string;
  /** As the cloud has it. */
  readonly raw?: unknown;
}

/** @throws StepError where nothing of the stack leads clients to the cache */
export async function waysOf(deployed: DeployedRegion): Promise<readonly Way[]> {
  const records = [...route53(deployed), ...azureDns(deployed)];
  if (records.length > 0) return records;
  const place = placeOf(deployed);
  if (place.kind === "local") return [localPods(deployed, place)];
  if (place.kind === "kubernetes" && hasExternalDns(deployed, place))
    return [externalDns(place, hostnameOf(deployed))];
  throw new StepError(noRecord(deployed));
}

const byHand = "docs/runbooks/RegistryCacheDown.md#take-the-cache-out-of-dns";

function noRecord({ stack, region, endpoint }: DeployedRegion): string {
  const name = endpoint === undefined ? "the endpoint" : new URL(endpoint).hostname;
  return `${stack}: the state has no DNS record of ${region}. Look for ${name} in its zone, and change it there: ${byHand}`;
}

function hostnameOf({ stack, endpoint }: DeployedRegion): string {
  if (endpoint !== undefined) return new URL(endpoint).hostname;
  throw new StepError(`${stack}: the state has no outputs: its last update didn't end`);
}

const cloudAfter = {
  bypass: (seconds: number) =>
    `Clients notice within ${minutes(seconds)}, the record's time to live, and then pull from the upstreams. \`pulumi up\` leaves the record away; with \`--refresh\`, and in a roll-out by a pipeline that refreshes, it makes it again.`,
  unbypass:
    "Clients come back within fifteen minutes, as resolvers also remember that a name doesn't exist. The record is the one in the state, so `pulumi up` has nothing to change.",
};

function minutes(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}

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

/** Of an alias, Route 53 answers with the time to live of what it leads to: 60 s of a load balancer and of failover's records. */
const aliasSeconds = 60;

function route53(deployed: DeployedRegion): Way[] {
  const records = resourcesOf(deployed, "aws:route53/record:Record");
  if (records.length === 0) return [];
  const hostname = hostnameOf(deployed);
  // Failover's own two records have a name of their own. Without the endpoint's alias, nobody asks for them.
  return records
    .filter(({ inputs }) => textOf(inputs, "name") === hostname)
    .map((record) => route53Record(record));
}

function route53Record({ inputs = {} }: Resource): Way {
  const zone = String(inputs.zoneId);
  const wanted = asRecordSet(inputs);
  const change = async (Action: string, ResourceRecordSet: Route53RecordSet) => {
    await askJson("aws", [
      ...["route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--output", "json"],
      ...["--change-batch", JSON.stringify({ Changes: [{ Action, ResourceRecordSet }] })],
    ]);
  };
  return {
    what: route53Line(wanted),
    async look() {
      const answer = (await askJson("aws", [
        ...[
          "route53",
          "list-resource-record-sets",
          "--hosted-zone-id",
          zone,
          "--output",
          "json",
          "--max-items",
          "1",
        ],
        ...["--start-record-name", wanted.Name, "--start-record-type", wanted.Type],
      ])) as { ResourceRecordSets: Route53RecordSet[] };
      const found = answer.ResourceRecordSets.find(
        ({ Name, Type }) => same(Name, wanted.Name) && Type === wanted.Type,
      );
      if (!found) return { there: false };
      const line = route53Line(found);
      return { there: true, raw: found, ...(line !== route53Line(wanted) && { other: line }) };
    },
    remove: ({ raw }) => change("DELETE", raw as Route53RecordSet),
    restore: () => change("UPSERT", wanted),
    after: { bypass: cloudAfter.bypass(wanted.TTL ?? aliasSeconds), unbypass: cloudAfter.unbypass },
  };
}

/** Names of DNS, with or without the dot at their end. */
function same(one: string, other: string): boolean {
  return dotless(one) === dotless(other);
}

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

/** The kinds of zones, by the provider's type of a record: https://learn.microsoft.com/rest/api/dns/record-sets, https://learn.microsoft.com/rest/api/dns/privatednszones/record-sets */
const azureZones = {
  "azure-native:dns:RecordSet": "2018-05-01",
  "azure-native:privatedns:PrivateRecordSet": "2020-06-01",
} as const;

function azureDns(deployed: DeployedRegion): Way[] {
  const found = Object.entries(azureZones).flatMap(([type, version]) =>
    resourcesOf(deployed, type).map((record) => ({ record, version })),
  );
  return found
    .filter(({ record }) => nameOf(record) === `${deployed.region}-address` && record.id)
    .map(({ record, version }) => azureRecord(record, version));
}

interface AzureProperties {
  readonly TTL: number;
  readonly ARecords?: readonly { readonly ipv4Address: string }[];
  readonly CNAMERecord?: { readonly cname: string };
}

function azureRecord({ id = "", inputs = {} }: Resource, version: string): Way {
  const { ttl, aRecords, cnameRecord } = inputs as {
    ttl: number;
    aRecords?: { ipv4Address: string }[];
    cnameRecord?: { cname: string };
  };
  const wanted: AzureProperties = {
    TTL: ttl,
    ...(aRecords && { ARecords: aRecords }),
    ...(cnameRecord && { CNAMERecord: cnameRecord }),
  };
  // …/dnsZones/example.com/A/cache.westeurope
  const [zone = "", type = "", name = ""] = /^(.+)\/([^/]+)\/([^/]+)$/.exec(id)?.slice(1) ?? [];
  const fullName = `${name}.${zone.slice(zone.lastIndexOf("/") + 1)}`;
  const rest = (method: string, path: string, more: readonly string[] = []) =>
    askJson("az", [
      "rest",
      "--method",
      method,
      "--url",
      `${path}?api-version=${version}`,
      "--output",
      "json",
      ...more,
    ]);
  const line = (it: AzureProperties) =>
    `${type} ${fullName} ${it.TTL} ${[...(it.ARecords ?? []).map(({ ipv4Address }) => ipv4Address), it.CNAMERecord?.cname ?? ""].filter(Boolean).sort().join(" ")}`;
  return {
    what: line(wanted),
    async look() {
      // The list of a zone that isn't there is an error; a record that isn't there is not in it.
      let page = (await rest("get", `${zone}/${type}`)) as AzureList;
      const all = [...page.value];
      while (page.nextLink) {
        page = (await askJson("az", [
          "rest",
          "--method",
          "get",
          "--url",
          page.nextLink,
          "--output",
          "json",
        ])) as AzureList;
        all.push(...page.value);
      }
      const found = all.find((it) => it.name.toLowerCase() === name.toLowerCase());
      if (!found) return { there: false };
      const now = line(azureProperties(found.properties));
      return { there: true, ...(now !== line(wanted) && { other: now }) };
    },
    remove: async () => {
      await rest("delete", id);
    },
    restore: async () => {
      await rest("put", id, ["--body", JSON.stringify({ properties: wanted })]);
    },
    after: { bypass: cloudAfter.bypass(ttl), unbypass: cloudAfter.unbypass },
  };
}

interface AzureList {
  readonly value: readonly {
    readonly name: string;
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
  readonly nextLink?: string;
}

/** Private zones write the keys another way: `ttl`, `aRecords`. */
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

const annotation = "external-dns.alpha.kubernetes.io/controller";

function exposingObject(
  { resources }: DeployedRegion,
  { exposedBy: { kind, name } }: Cluster,
): Resource | undefined {
  return resources.find(
    ({ type, id }) => type.toLowerCase().endsWith(`:${kind}`) && id?.endsWith(`/${name}`),
  );
}

/** As exposure.ts has it: a Service is told the name, other objects have it, and are told if they are somebody else's. */
function hasExternalDns(deployed: DeployedRegion, place: Cluster): boolean {
  const { annotations = {} } = (exposingObject(deployed, place)?.inputs?.metadata ?? {}) as {
    annotations?: Record<string, string>;
  };
  return place.exposedBy.kind === "service"
    ? annotations["external-dns.alpha.kubernetes.io/hostname"] !== undefined
    : annotations[annotation] === undefined;
}

/** How often the zone is asked, every 5 s. external-dns looks once a minute by default, and a zone may take another one. */
const looks = 36;

/** external-dns deletes the records of what it is told isn't its own: https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/ */
function externalDns(place: Cluster, hostname: string): Way {
  const { kind, name } = place.exposedBy;
  const kubectl = async (...args: string[]) => {
    const directory = await mkdtemp(join(tmpdir(), "registry-cache-oncall-"));
    try {
      const env = await kubectlEnvironment(place, directory);
      const where = ["--context", place.context, "--namespace", place.namespace, "--request-timeout", "20s"];
      return await ask("kubectl", [...where, ...args], { env });
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  const key = annotation.replaceAll(".", "\\.");
  let before: InZone | undefined;
  const notKnown = (why: string) =>
    `Not known yet whether the record is away: ${why}. Look with \`nslookup ${hostname}\` on a node, and if it stays, remove it by hand: ${byHand}`;
  const gone = async () => {
    const { zone, has } = before ?? (await askZone(hostname));
    if (has === undefined) return notKnown(`the name servers of its zone can't be reached from here`);
    if (!has && before === undefined)
      return `✓ the name servers of ${zone} have no record of ${hostname}. If it was in another zone, such as a private one, look with \`nslookup ${hostname}\` on a node`;
    if (!has) return notKnown(`the name servers of ${zone} had none before, so it is in another zone`);
    await step(
      `Waiting for external-dns to remove the record of ${hostname}`,
      `remove it by hand: ${byHand}. external-dns may not run, or run with \`--policy upsert-only\``,
      async () => {
        for (let left = looks; left > 0; left -= 1) {
          if ((await askZone(hostname)).has === false) return;
          await delay(Number(process.env.ONCALL_POLL_MS ?? 5000));
        }
        throw new Error(`the name servers of ${zone} still have it, or no longer answer`);
      },
    );
    return `✓ the name servers of ${zone} no longer have a record of ${hostname}`;
  };
  return {
    what: `the record that external-dns makes for ${kind}/${name} in ${place.namespace}`,
    async look() {
      const value = await kubectl("get", kind, name, "--output", `jsonpath={.metadata.annotations.${key}}`);
      return { there: value !== "none" };
    },
    later: { program: "external-dns", gone },
    remove: async () => {
      before = await askZone(hostname);
      await kubectl("annotate", kind, name, "--overwrite", `${annotation}=none`);
    },
    restore: async () => {
      await kubectl("annotate", kind, name, `${annotation}-`);
    },
    after: {
      bypass:
        "Clients notice after the record's time to live, 5 minutes by default, and then pull from the upstreams. `pulumi up` leaves the record away.",
      unbypass:
        "external-dns makes the record again within a minute or so. Clients come back within fifteen minutes, as resolvers also remember that a name doesn't exist.",
    },
  };
}

/** Clients of this machine ask 127.0.0.1: without the Pods, the connection is refused at once. */
function localPods({ region }: DeployedRegion, { kind }: Local): Way {
  const filters = [`name=registry-cache`, `instance=${region}`].flatMap((label) => [
    "--filter",
    `label=app.kubernetes.io/${label}`,
  ]);
  const pods = async () => {
    const listed = await podman(["pod", "ps", ...filters, "--format", "{{.Name}} {{.Status}}"]);
    const found = listed.split("\n").filter(Boolean);
    if (found.length === 0) throw new StepError(`there is no Pod of ${region} on this machine (${kind})`);
    return found.map((line) => line.split(" ") as [string, string]);
  };
  const names = async () => (await pods()).map(([name]) => name);
  return {
    what: `the Pods of ${region} on this machine`,
    look: async () => ({
      there: (await pods()).some(([, status]) => !/^(?:Exited|Stopped|Created)/.test(status)),
    }),
    remove: async () => {
      await podman(["pod", "stop", ...(await names())]);
    },
    restore: async () => {
      await podman(["pod", "start", ...(await names())]);
    },
    after: {
      bypass:
        "Connections are refused at once, and clients pull from the upstreams. `npm run local` starts the Pods again.",
      unbypass: "The cache answers in a few seconds.",
    },
  };
}
