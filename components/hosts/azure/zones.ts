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
  const { region, lookUp } = question;
  const { zone, zoneResourceGroup: group, tls } = region.endpoint;
  if (tls.mode === "acme" && tls.challengeZone !== undefined)
    await findPublic(
      question,
      "endpoint.tls.challengeZone",
      tls.challengeZone,
      tls.challengeZoneResourceGroup,
    );
  if (zone === undefined || group === undefined) return undefined;
  const id = isPrivate(region) ? await findPrivate(question, zone, group) : undefined;
  if (id === undefined) {
    const found = await findPublic(question, "endpoint.zone", zone, group);
    if (found) await checkName(question, { kind: "public", id: found.id, zone });
    return found && "public";
  }
  await checkName(question, { kind: "private", id, zone });
  if (tls.mode === "acme" && tls.challengeZone === undefined)
    lookUp.refuse(
      "endpoint.tls.challengeZone",
      `is missing: the zone ${zone} is private, and a public authority doesn't see what is in it`,
    );
  if (subnet) await findLink(question, { id, zone, group }, subnet);
  return "private";
}

/** Gets a zone of another subscription, because the region's provider sees only its own. @param zone like `dnsZones/example.com`, with its query */
function elsewhere(
  { region, options }: Question,
  group: string,
  zone: string,
): Promise<{ readonly id: string }> | undefined {
  const { zoneSubscription } = region.endpoint;
  if (zoneSubscription === undefined) return undefined;
  const provider = `/subscriptions/${zoneSubscription}/resourceGroups/${group}/providers/Microsoft.Network`;
  return getFromArm(`${provider}/${zone}`, options);
}

function whereOf({ endpoint: { zoneSubscription } }: AzureRegion): string {
  return zoneSubscription === undefined ? "" : ` of the subscription ${zoneSubscription}`;
}

async function findPublic(
  question: Question,
  path: string,
  zoneName: string,
  resourceGroupName = "",
): Promise<{ readonly id: string } | undefined> {
  const { region, lookUp, options } = question;
  const found = elsewhere(
    question,
    resourceGroupName,
    `dnsZones/${zoneName}?api-version=${apis.public.version}`,
  );
  const zone = found ?? getZone({ zoneName, resourceGroupName }, options);
  const name = `the zone ${zoneName} in ${resourceGroupName}${whereOf(region)}`;
  return lookUp.ask(path, name, zone);
}

/** @returns the zone's id, or undefined if there is none */
async function findPrivate(question: Question, name: string, group: string): Promise<string | undefined> {
  const { region, lookUp, options } = question;
  const found = elsewhere(question, group, `privateDnsZones/${name}?api-version=${apis.private.version}`);
  const asked = found ?? getPrivateZone({ privateZoneName: name, resourceGroupName: group }, options);
  const zone = asked.catch((error: Error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  const what = `the private zone ${name} in ${group}${whereOf(region)}`;
  return (await lookUp.ask("endpoint.zone", what, zone))?.id;
}

interface NamedZone {
  readonly kind: ZoneKind;
  readonly id: string;
  readonly zone: string;
}

/** API version of each kind of zone, and Pulumi's type of its records. */
const apis = {
  public: { version: "2018-05-01", records: "azure-native:dns:RecordSet" },
  private: { version: "2020-06-01", records: "azure-native:privatedns:PrivateRecordSet" },
} as const;

/** Checks that the endpoint's name is free. Asks only if the stack doesn't have the record yet. */
async function checkName(
  { region, lookUp, options }: Question,
  { kind, id, zone }: NamedZone,
): Promise<void> {
  const { hostname } = region.endpoint;
  const name = hostname.slice(0, -`.${zone}`.length);
  const { version, records } = apis[kind];
  const own = (await previousOutputs<{ fqdn: string }>(records)).get(`${region.name}-address`);
  if (own?.fqdn?.replace(/\.$/, "") === hostname) return;
  const type = hasFailover(region) ? "CNAME" : "A";
  const record = getFromArm(`${id}/${type}/${name}?api-version=${version}`, options);
  await lookUp.askForFreeName(`the ${type} record of ${hostname}`, record.then(Boolean));
}

interface Link {
  readonly name: string;
  readonly properties: { readonly virtualNetwork?: { readonly id: string } };
}

/** Checks that the region's network can resolve the zone's names. If it has its own name servers, it may do so without a link, but those can't be asked. */
async function findLink(
  { region: { network, endpoint }, lookUp, options }: Question,
  { id, zone, group }: { readonly id: string; readonly zone: string; readonly group: string },
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
