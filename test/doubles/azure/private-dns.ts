/** Private DNS zones: their records, and the networks that resolve them. */
import ipaddr from "ipaddr.js";
import { type Cloud, everywhere, type Rules, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { groupId, resourceId, types } from "./account.ts";

const zoneId = (inputs: Inputs) =>
  resourceId({ inputs }, "Microsoft.Network/privateDnsZones", inputs.privateZoneName);

/** https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links */
const link: Rules = {
  replacing: ["resourceGroupName", "privateZoneName", "virtualNetworkLinkName", "location"],
  fixed: ["virtualNetwork"],
  references: [
    { at: "privateZoneName", to: types.privateZone, id: (_, { inputs }) => zoneId(inputs) },
    { at: "resourceGroupName", to: types.resourceGroup, id: (name) => groupId(name) },
    // "When you delete a virtual network, all the virtual network links … are automatically deleted."
    { at: "virtualNetwork.id", to: types.virtualNetwork, onDelete: "leave" },
  ],
  check(inputs) {
    demand(
      inputs.location === "global",
      "LocationNotAvailableForResourceType",
      `location ${inputs.location}`,
    );
    const name = text("virtualNetworkLinkName", inputs);
    demand(/^[a-z0-9](?:[\w.-]{0,78}\w)?$/i.test(name), "InvalidResourceName", `link ${name}`);
    demand(typeof inputs.registrationEnabled === "boolean", "BadRequest", "registrationEnabled");
  },
  admit({ cloud, inputs }) {
    const network = valueAt("virtualNetwork.id", inputs);
    const taken = linksOf(cloud, zoneId(inputs)).some(
      (it) => valueAt("virtualNetwork.id", it.inputs) === network,
    );
    demand(
      !taken,
      "BadRequest",
      "A virtual network cannot be linked to multiple zones with overlapping namespaces.",
    );
  },
  create: ({ inputs }) => ({
    id: `${zoneId(inputs)}/virtualNetworkLinks/${inputs.virtualNetworkLinkName}`,
    outputs: { name: inputs.virtualNetworkLinkName },
  }),
};

/** https://learn.microsoft.com/rest/api/dns/privatedns/record-sets/create-or-update; none of the type NS */
const content: Readonly<Record<string, string>> = { A: "aRecords", CNAME: "cnameRecord", TXT: "txtRecords" };

/** Refuses other records beside a CNAME. @param zone the input with the zone's name */
export function demandOnlyAlias(records: readonly Thing[], inputs: Inputs, zone: string): void {
  const ofName = [zone, "relativeRecordSetName"];
  const beside = records.filter((it) => ofName.every((property) => it.inputs[property] === inputs[property]));
  const kinds = new Set([inputs, ...beside.map((it) => it.inputs)].map(({ recordType }) => recordType));
  const message = `${inputs.relativeRecordSetName}: a CNAME stands alone`;
  demand(kinds.size === 1 || !kinds.has("CNAME"), "Conflict", message);
}

export const privateDnsRules: Readonly<Record<string, Rules>> = {
  [types.zoneLink]: link,

  [types.privateRecordSet]: {
    replacing: ["resourceGroupName", "privateZoneName", "relativeRecordSetName", "recordType"],
    references: [
      { at: "privateZoneName", to: types.privateZone, id: (_, { inputs }) => zoneId(inputs) },
      { at: "resourceGroupName", to: types.resourceGroup, id: (name) => groupId(name) },
    ],
    check(inputs) {
      const { recordType, privateZoneName } = inputs;
      const name = text("relativeRecordSetName", inputs);
      const valid = /^(?:@|\w(?:[\w.-]*\w)?)$/.test(name) && !name.endsWith(`.${privateZoneName}`);
      demand(valid, "BadRequest", `The record name '${name}' is invalid`);
      demand((number("ttl", inputs) ?? 0) >= 1, "BadRequest", "a record set needs a TTL");
      const has = inputs[content[String(recordType)] ?? ""];
      demand(has !== undefined, "BadRequest", `nothing in the ${recordType} record`);
      const addresses = valuesAt("aRecords[*].ipv4Address", inputs).map(String);
      demand(
        addresses.every((it) => ipaddr.IPv4.isValidFourPartDecimal(it)),
        "BadRequest",
        `address ${addresses}`,
      );
    },
    admit: ({ cloud, inputs }) =>
      demandOnlyAlias(cloud.things(types.privateRecordSet), inputs, "privateZoneName"),
    create({ inputs }) {
      const { recordType, relativeRecordSetName: name, privateZoneName } = inputs;
      const id = `${zoneId(inputs)}/${recordType}/${name}`;
      return { id, outputs: { id, name, fqdn: `${name}.${privateZoneName}.` } };
    },
  },
};

function linksOf(cloud: Cloud, zone: string) {
  return cloud.things(types.zoneLink).filter(({ id }) => id.startsWith(`${zone}/`));
}

/** The links as Azure Resource Manager lists them. @returns undefined for the path of another resource */
export function zoneLinksAt(cloud: Cloud, pathname: string): object | undefined {
  const [, zone] = /^(.+\/privateDnsZones\/[^/]+)\/virtualNetworkLinks$/.exec(pathname) ?? [];
  if (zone === undefined) return undefined;
  demand(cloud.find(types.privateZone, zone, everywhere), "ResourceNotFound", `there is no ${zone}`);
  return {
    value: linksOf(cloud, zone).map(({ id, inputs }) => ({
      id,
      name: id.split("/").at(-1),
      properties: { virtualNetwork: inputs.virtualNetwork, virtualNetworkLinkState: "Completed" },
    })),
  };
}
