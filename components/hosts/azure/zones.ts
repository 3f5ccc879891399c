import { getZone } from "@pulumi/azure-native/dns/getZone.js";
import { getPrivateZone } from "@pulumi/azure-native/privatedns/getPrivateZone.js";
import type { AzureRegion } from "../../config/schema.ts";
import { isMissing, listFromArm } from "./arm.ts";
import type { FoundSubnet } from "./found-subnet.ts";
import { isPrivate } from "./outbound.ts";
import type { Question } from "./question.ts";
import { same } from "./skus.ts";

/** Who gets answers from the zone of `endpoint.zone`: everyone, or only networks that are linked with it. */
export type ZoneKind = "public" | "private";

/**
 * Finds the zones of a region: that for its name, of which a private one is looked for first where the endpoint is private, and the public one in which the name is proved.
 * @param subnet an existing one, which is found already
 * @returns the kind of `endpoint.zone`; undefined where there is none, or with a problem more
 */
export async function findZones(
  question: Question<AzureRegion>,
  subnet: FoundSubnet | undefined,
): Promise<ZoneKind | undefined> {
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
  if (id === undefined)
    return (await findPublic(question, "endpoint.zone", zone, group)) ? "public" : undefined;
  if (tls.mode === "acme" && tls.challengeZone === undefined)
    lookUp.refuse(
      "endpoint.tls.challengeZone",
      `is missing: the zone ${zone} is private, and a public authority doesn't see what is in it`,
    );
  if (subnet) await findLink(question, { id, zone, group }, subnet);
  return "private";
}

async function findPublic(
  { lookUp, options }: Question<AzureRegion>,
  path: string,
  zoneName: string,
  resourceGroupName = "",
): Promise<boolean> {
  const found = getZone({ zoneName, resourceGroupName }, options);
  return (await lookUp.ask(path, `the zone ${zoneName} in ${resourceGroupName}`, found)) !== undefined;
}

/** @returns its id; undefined where there is none */
async function findPrivate(
  { lookUp, options }: Question<AzureRegion>,
  privateZoneName: string,
  resourceGroupName: string,
): Promise<string | undefined> {
  const zone = getPrivateZone({ privateZoneName, resourceGroupName }, options).catch((error: Error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  const name = `the private zone ${privateZoneName} in ${resourceGroupName}`;
  return (await lookUp.ask("endpoint.zone", name, zone))?.id;
}

interface Link {
  readonly name: string;
  readonly properties: { readonly virtualNetwork?: { readonly id: string } };
}

/** That the network of the region sees the zone, by itself or by name servers of its own, which can't be asked. */
async function findLink(
  { region: { network }, lookUp, options }: Question<AzureRegion>,
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
  const link = `az network private-dns link vnet create --resource-group ${group} --zone-name ${zone} --name registry-cache --virtual-network ${network.vnet} --registration-enabled false`;
  lookUp.refuse(path, `${missing}, which so doesn't find the endpoint's name: \`${link}\``);
}
