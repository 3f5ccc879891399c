import { getZone } from "@pulumi/azure-native/dns/getZone.js";
import { getPrivateZone } from "@pulumi/azure-native/privatedns/getPrivateZone.js";
import type * as pulumi from "@pulumi/pulumi";
import { challengeName } from "../../config/endpoint.ts";
import { sameIgnoringCase } from "../../config/text.ts";
import { challengeWayOut, reasonOf } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { getFromArm, isMissing, listFromArm } from "./arm.ts";
import {
  challengeZone,
  directName,
  goneName,
  hasFailover,
  isPrivate,
  zoneSubscriptions,
} from "./endpoint.ts";
import type { FoundSubnet } from "./found-subnet.ts";
import type { Question } from "./question.ts";
import { type PreviousSubnet, previousSubnet } from "./subnet.ts";

/** Who can resolve names in the zone `endpoint.zone`: everyone, or only networks that are linked with it. */
export type ZoneKind = "public" | "private";

/** The existing network and zones of a region. */
export interface FoundNetwork {
  /** The existing subnet that the configuration names. */
  readonly subnet?: FoundSubnet | undefined;
  /** The subnet of a network that the stack created. */
  readonly previousSubnet?: PreviousSubnet | undefined;
  /** The kind of `endpoint.zone`. */
  readonly zone?: ZoneKind | undefined;
}

/** @param asked the result of findSubnet() */
export async function findNetwork(
  question: Question,
  asked: Promise<FoundSubnet | undefined>,
): Promise<FoundNetwork> {
  const subnet = await asked;
  const zone = await findZones(question, subnet);
  return { subnet, previousSubnet: await previousSubnet(question.region), zone };
}

/**
 * Finds the zones of a region: the zone of its name, and the public zone for the challenge. For a private endpoint, looks for a private zone of the name first.
 * @param subnet the existing subnet, if there is one
 * @returns the kind of `endpoint.zone`; undefined if there is no zone, or after adding a problem
 */
async function findZones(question: Question, subnet: FoundSubnet | undefined): Promise<ZoneKind | undefined> {
  const { zone, zoneResourceGroup: group } = question.region.endpoint;
  const own = zone === undefined || group === undefined ? undefined : await findOwn(question, zone, group);
  const challenge = await findForChallenge(question, own);
  await checkNames(question, own, challenge);
  if (own?.kind === "private" && subnet) await findLink(question, own, subnet);
  return own?.kind;
}

async function findOwn(question: Question, zone: string, group: string): Promise<FoundZone | undefined> {
  const { own } = zoneSubscriptions(question.region);
  const find = (kind: ZoneKind) => findZone(question, kind, "endpoint.zone", zone, group, own);
  return (isPrivate(question.region) ? await find("private") : undefined) ?? find("public");
}

/** @returns undefined without `tls: { mode: acme }`, or after adding a problem */
async function findForChallenge(
  question: Question,
  own: FoundZone | undefined,
): Promise<FoundZone | undefined> {
  const { tls } = question.region.endpoint;
  if (tls.mode !== "acme") return undefined;
  const { challengeZone: zone, challengeZoneResourceGroup: group } = tls;
  const path = "endpoint.tls.challengeZone";
  const { challenge } = zoneSubscriptions(question.region);
  if (zone !== undefined) return findZone(question, "public", path, zone, group, challenge);
  if (own?.kind !== "private") return own;
  return question.lookUp.refuse(
    path,
    `is missing: the zone ${own.zone} is private, and a public authority doesn't see what is in it`,
  );
}

/** @returns undefined after adding a problem, or if there is no private zone */
async function findZone(
  { lookUp, options }: Question,
  kind: ZoneKind,
  path: string,
  zone: string,
  group = "",
  subscription?: string,
): Promise<FoundZone | undefined> {
  const { what, type, version, get } = kinds[kind];
  const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/${type}/${zone}`;
  const asked: Promise<{ readonly id: string }> =
    subscription === undefined
      ? get(zone, group, options)
      : getFromArm(`${id}?api-version=${version}`, options);
  const existing = asked.catch((error: Error) => {
    if (kind === "private" && isMissing(error)) return undefined;
    throw error;
  });
  const where = subscription === undefined ? "" : ` of the subscription ${subscription}`;
  const found = await lookUp.ask(path, `the ${what} ${zone} in ${group}${where}`, existing);
  return found && { kind, id: found.id, zone, group };
}

interface FoundZone {
  readonly kind: ZoneKind;
  readonly id: string;
  readonly zone: string;
  readonly group: string;
}

/** What messages, Azure and Pulumi call each kind of zone. `get` sees only the provider's subscription. */
const kinds = {
  public: {
    what: "zone",
    type: "dnsZones",
    version: "2018-05-01",
    records: "azure-native:dns:RecordSet",
    get: (zoneName: string, resourceGroupName: string, options: pulumi.InvokeOptions) =>
      getZone({ zoneName, resourceGroupName }, options),
  },
  private: {
    what: "private zone",
    type: "privateDnsZones",
    version: "2020-06-01",
    records: "azure-native:privatedns:PrivateRecordSet",
    get: (privateZoneName: string, resourceGroupName: string, options: pulumi.InvokeOptions) =>
      getPrivateZone({ privateZoneName, resourceGroupName }, options),
  },
} as const;

/**
 * Checks that the names of a region's records are free, and not delegated to another zone. Adds a problem for the first that isn't.
 * @param challenge the existing zone that delegates the challenge
 */
async function checkNames(
  { region, lookUp, options }: Question,
  own: FoundZone | undefined,
  challenge: FoundZone | undefined,
): Promise<void> {
  const { hostname } = region.endpoint;
  // Each record's type, the end of Pulumi's name of the record, and the record's own name.
  const ofAddress: NeededRecord[] = hasFailover(region)
    ? [
        ["CNAME", "address", hostname],
        ["A", "direct", directName(hostname)],
        ["TXT", "gone", goneName(hostname)],
      ]
    : [["A", "address", hostname]];
  const ofChallenge: NeededRecord[] = [
    ["CNAME", "acme-challenge", challengeName(hostname)],
    ["NS", "acme-delegation", challengeZone(hostname)],
  ];
  const ofShadow: NeededRecord = ["CNAME", "private-acme-challenge", challengeName(hostname)];
  // Each zone is read once, and only if one of its names isn't the stack's yet.
  const asked = new Map<string, Promise<RecordSet[]>>();
  const read = async (found: FoundZone, path: string): Promise<RecordSet[]> => {
    const { zone } = found;
    try {
      const records = await listFromArm<RecordSet>(path, options);
      const delegated = records.filter(({ type }) => type.endsWith("/NS"));
      lookUp.refuseDelegated(
        found === own ? "endpoint.zone" : "endpoint.tls.challengeZone",
        zone,
        hostname,
        delegated.map(({ name }) => `${name}.${zone}`.toLowerCase()),
      );
      return records;
    } catch (error) {
      const what = `can't check whether the zone ${zone} already has records of ${hostname}`;
      lookUp.warn("endpoint.hostname", `${what}: ${reasonOf(error as Error)}`);
      return [];
    }
  };
  const recordsOf = (zone: FoundZone) => {
    const path = `${zone.id}/all?api-version=${kinds[zone.kind].version}`;
    const records = asked.get(path) ?? read(zone, path);
    asked.set(path, records);
    return records;
  };
  const isFree = async (zone: FoundZone, [type, suffix, name]: NeededRecord, wayOut?: string) => {
    const outputs = await previousOutputs<{ id: string; fqdn: string }>(kinds[zone.kind].records);
    // A record whose state has no id counts as this one.
    const ours = [...outputs].flatMap(([resource, { id = `${zone.id}/${type}/`, fqdn }]) =>
      sameIgnoringCase(fqdn?.replace(/\.$/, "") ?? "", name) &&
      id.toLowerCase().startsWith(`${zone.id}/`.toLowerCase())
        ? [{ owner: resource.replace(`-${suffix}`, ""), type: id.split("/").at(-2)?.toUpperCase() }]
        : [],
    );
    const owners = ours.flatMap((it) => (it.owner !== region.name || it.type === type ? [it.owner] : []));
    const relativeName = name.slice(0, -`.${zone.zone}`.length);
    const isTaken = (set: RecordSet) => {
      const itsType = set.type.split("/").at(-1)?.toUpperCase() ?? "";
      // A CNAME must be the only record of its name. An address may stand beside a TXT record, for example.
      const isInTheWay = type !== "A" || ["A", "AAAA", "CNAME"].includes(itsType);
      return (
        sameIgnoringCase(set.name, relativeName) && isInTheWay && !ours.some((it) => it.type === itsType)
      );
    };
    const exists = async () => (await recordsOf(zone)).some(isTaken);
    return lookUp.askForFreeName(region, { name, owners, exists, wayOut });
  };
  if (own) for (const record of ofAddress) if (!(await isFree(own, record))) return;
  if (!challenge) return;
  for (const record of ofChallenge) if (!(await isFree(challenge, record, challengeWayOut))) return;
  if (own?.kind === "private") await isFree(own, ofShadow, challengeWayOut);
}

type NeededRecord = readonly [type: string, suffix: string, name: string];

interface RecordSet {
  readonly name: string;
  /** For example `Microsoft.Network/dnszones/A`. */
  readonly type: string;
}

interface Link {
  readonly name: string;
  readonly properties: { readonly virtualNetwork?: { readonly id: string } };
}

/** Checks that the region's network can resolve the zone's names. If it has its own name servers, it may do so without a link, but those can't be asked. */
async function findLink(
  { region: { network, endpoint }, lookUp, options }: Question,
  { id, zone, group }: FoundZone,
  { hasNameServers }: FoundSubnet,
): Promise<void> {
  const path = "endpoint.zone";
  const list = listFromArm<Link>(`${id}/virtualNetworkLinks?api-version=2020-06-01`, options);
  const links = await lookUp.ask(path, `the networks of the private zone ${zone}`, list);
  const isLinked = links?.some(({ properties: { virtualNetwork } }) =>
    sameIgnoringCase(virtualNetwork?.id ?? "", network.vnet),
  );
  if (!links || isLinked) return;
  const missing = `the private zone ${zone} isn't linked with the network`;
  if (hasNameServers) {
    lookUp.warn(path, `${missing}, whose own name servers must know it`);
    return;
  }
  const { zoneSubscription } = endpoint;
  const subscription = zoneSubscription === undefined ? "" : ` --subscription ${zoneSubscription}`;
  const link = `az network private-dns link vnet create --resource-group ${group} --zone-name ${zone} --name registry-cache --virtual-network ${network.vnet} --registration-enabled false${subscription}`;
  lookUp.refuse(path, `${missing}, whose machines can't find the endpoint's name: \`${link}\``);
}
