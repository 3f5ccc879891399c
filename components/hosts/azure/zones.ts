import { getZone } from "@pulumi/azure-native/dns/getZone.js";
import { getPrivateZone } from "@pulumi/azure-native/privatedns/getPrivateZone.js";
import type { AzureRegion } from "../../config/schema.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { getFromArm, isMissing, listFromArm, same } from "./arm.ts";
import { hasFailover } from "./failover.ts";
import type { FoundSubnet } from "./found-subnet.ts";
import { isPrivate } from "./outbound.ts";
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
  const hidden = isPrivate(question.region) ? await findPrivate(question, zone, group) : undefined;
  return hidden ?? findPublic(question, "endpoint.zone", zone, group, zoneSubscriptions(question.region).own);
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
  if (zone !== undefined) return findPublic(question, path, zone, group, challenge);
  if (own?.kind !== "private") return own;
  return question.lookUp.refuse(
    path,
    `is missing: the zone ${own.zone} is private, and a public authority doesn't see what is in it`,
  );
}

/** The subscriptions of `endpoint.zone` and of the zone for the challenge. Undefined means the region's. */
export function zoneSubscriptions({
  endpoint: { zoneSubscription: own, tls },
}: Pick<AzureRegion, "endpoint">): Readonly<Record<"own" | "challenge", string | undefined>> {
  return { own, challenge: (tls.mode === "acme" ? tls.challengeZoneSubscription : undefined) ?? own };
}

/** Gets a zone of another subscription, because the region's provider sees only its own. @param zone like `dnsZones/example.com`, with its query */
function elsewhere(
  { options }: Question,
  subscription: string | undefined,
  group: string,
  zone: string,
): Promise<{ readonly id: string }> | undefined {
  if (subscription === undefined) return undefined;
  const provider = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network`;
  return getFromArm(`${provider}/${zone}`, options);
}

function whereOf(subscription: string | undefined): string {
  return subscription === undefined ? "" : ` of the subscription ${subscription}`;
}

async function findPublic(
  question: Question,
  path: string,
  zoneName: string,
  resourceGroupName = "",
  subscription?: string,
): Promise<FoundZone | undefined> {
  const { lookUp, options } = question;
  const found = elsewhere(
    question,
    subscription,
    resourceGroupName,
    `dnsZones/${zoneName}?api-version=${apis.public.version}`,
  );
  const asked = found ?? getZone({ zoneName, resourceGroupName }, options);
  const name = `the zone ${zoneName} in ${resourceGroupName}${whereOf(subscription)}`;
  const zone = await lookUp.ask(path, name, asked);
  return zone && { kind: "public", id: zone.id, zone: zoneName, group: resourceGroupName };
}

/** @returns undefined if there is none */
async function findPrivate(question: Question, name: string, group: string): Promise<FoundZone | undefined> {
  const { region, lookUp, options } = question;
  const { own } = zoneSubscriptions(region);
  const found = elsewhere(
    question,
    own,
    group,
    `privateDnsZones/${name}?api-version=${apis.private.version}`,
  );
  const asked = found ?? getPrivateZone({ privateZoneName: name, resourceGroupName: group }, options);
  const existing = asked.catch((error: Error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  const what = `the private zone ${name} in ${group}${whereOf(own)}`;
  const zone = await lookUp.ask("endpoint.zone", what, existing);
  return zone && { kind: "private", id: zone.id, zone: name, group };
}

interface FoundZone {
  readonly kind: ZoneKind;
  readonly id: string;
  readonly zone: string;
  readonly group: string;
}

/** API version of each kind of zone, and Pulumi's type of its records. */
const apis = {
  public: { version: "2018-05-01", records: "azure-native:dns:RecordSet" },
  private: { version: "2020-06-01", records: "azure-native:privatedns:PrivateRecordSet" },
} as const;

/** The zone for a name's DNS-01 challenge. */
export function challengeZone(hostname: string): string {
  return `acme.${hostname}`;
}

/** The name that a certificate authority asks for. It leads to the zone for the challenge. */
export function challengeAlias(hostname: string): string {
  return `_acme-challenge.${hostname}`;
}

/**
 * Checks that the names of a region's records are free. Adds a problem for the first that isn't.
 * @param challenge the existing zone that delegates the challenge
 */
async function checkNames(
  question: Question,
  own: FoundZone | undefined,
  challenge: FoundZone | undefined,
): Promise<void> {
  const { hostname } = question.region.endpoint;
  const wayOut = "choose another name or another `tls.mode`";
  const alias = { name: challengeAlias(hostname), wayOut };
  // A CNAME must be the only record of its name. An address may stand beside a TXT record, for example.
  const types = hasFailover(question.region) ? undefined : ["A", "AAAA", "CNAME"];
  const shadow = challenge && own?.kind === "private" ? own : undefined;
  const names: NeededName[] = [
    { zone: own, suffix: "address", name: hostname, types },
    { zone: challenge, suffix: "acme-challenge", ...alias },
    { zone: challenge, suffix: "acme-delegation", name: challengeZone(hostname), wayOut },
    { zone: shadow, suffix: "private-acme-challenge", ...alias },
  ];
  // Each zone is read once, and only if one of its names isn't the stack's yet.
  const asked = new Map<string, Promise<RecordSet[]>>();
  const recordsOf = ({ kind, id }: FoundZone) => {
    const path = `${id}/all?api-version=${apis[kind].version}`;
    const records = asked.get(path) ?? listFromArm<RecordSet>(path, question.options);
    asked.set(path, records);
    return records;
  };
  for (const name of names) if (!(await isFree(question, name, recordsOf))) return;
}

interface NeededName {
  /** @default nothing is needed */
  readonly zone: FoundZone | undefined;
  /** How Pulumi's name of the record ends. */
  readonly suffix: string;
  readonly name: string;
  /** Types of records that must not be beside it. @default all */
  readonly types?: readonly string[] | undefined;
  /** See {@link LookUp.askForFreeName}. */
  readonly wayOut?: string;
}

/** Asks only if the stack doesn't have the record yet. Adds a problem if the name isn't free. */
async function isFree(
  { region, lookUp }: Question,
  { zone: found, suffix, name, types, wayOut }: NeededName,
  recordsOf: (zone: FoundZone) => Promise<readonly RecordSet[]>,
): Promise<boolean> {
  if (!found) return true;
  const { kind, zone } = found;
  const outputs = await previousOutputs<{ fqdn: string }>(apis[kind].records);
  const owners = [...outputs].flatMap(([resource, { fqdn }]) =>
    fqdn?.replace(/\.$/, "") === name ? [resource.replace(`-${suffix}`, "")] : [],
  );
  if (owners.includes(region.name)) return true;
  const [other] = owners;
  if (other !== undefined) {
    lookUp.refuseNameOf(other, region.endpoint.hostname);
    return false;
  }
  const relativeName = name.slice(0, -`.${zone}`.length);
  const exists = recordsOf(found).then((sets) =>
    sets.some(
      (set) => same(set.name, relativeName) && (!types || types.includes(set.type.split("/").at(-1) ?? "")),
    ),
  );
  return lookUp.askForFreeName(`a record of ${name}`, exists, wayOut);
}

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
    same(virtualNetwork?.id ?? "", network.vnet),
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
