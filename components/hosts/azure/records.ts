import { RecordSet } from "@pulumi/azure-native/dns/recordSet.js";
import { Zone } from "@pulumi/azure-native/dns/zone.js";
import { PrivateRecordSet } from "@pulumi/azure-native/privatedns/privateRecordSet.js";
import { VirtualNetworkLink } from "@pulumi/azure-native/privatedns/virtualNetworkLink.js";
import * as pulumi from "@pulumi/pulumi";
import { challengeName } from "../../config/endpoint.ts";
import type { AzureRegion } from "../../config/schema.ts";
import { goesFirst } from "../goes-first.ts";
import { challengeZone, directName, goneName, zoneSubscriptions } from "./endpoint.ts";
import { type Grantee, grant } from "./identity.ts";
import { azureProvider, type InPlace } from "./place.ts";
import type { ZoneKind } from "./zones.ts";

export interface AddressRecordArgs {
  /** A static IPv4 address. */
  readonly address: pulumi.Input<string>;
  /** Resource id of the region's subnet. */
  readonly subnet: pulumi.Input<string>;
  /** The DNS name that answers for the endpoint, from createFailover(). @default the endpoint's record has the address */
  readonly failover?: pulumi.Input<string> | undefined;
}

/** Options for resources in `endpoint.zone`, and in the public zone of the challenge. */
export interface ZoneOptions {
  readonly own: pulumi.CustomResourceOptions;
  readonly challenge: pulumi.CustomResourceOptions;
}

/** A host's arguments, with the kind of `endpoint.zone`. @default public */
type ZoneArgs = InPlace & { readonly found: { readonly zone?: ZoneKind | undefined } };

/** Seconds. It is short, because the address and the name servers change if the region is created again. */
const ttl = 300;

/** Options for resources in the zones of a region, which can be in other subscriptions. */
export function inZones(
  region: Pick<AzureRegion, "name" | "endpoint">,
  options: pulumi.CustomResourceOptions,
): ZoneOptions {
  const { name } = region;
  const { own, challenge } = zoneSubscriptions(region);
  const optionsIn = (suffix: string, subscription: string | undefined) => {
    if (subscription === undefined) return options;
    return { ...options, provider: azureProvider({ name, subscription }, options, `${name}-${suffix}`) };
  };
  const ownOptions = optionsIn("zone", own);
  return {
    own: ownOptions,
    challenge: challenge === own ? ownOptions : optionsIn("challenge-zone", challenge),
  };
}

/** Creates the records for the clients' name, if a zone is configured. Links a private zone with a network that the stack creates. @param options from {@link inZones} */
export function createAddressRecord(
  { plan: { region, names }, place: { tags }, found: { zone: kind } }: ZoneArgs,
  { address, subnet, failover }: AddressRecordArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { name, endpoint } = region;
  const { hostname, zone, zoneResourceGroup } = endpoint;
  // With failover, the A record becomes a CNAME, which must be the only record of its name. That is another reason to delete the old record first.
  const record = recordsIn(name, zone, zoneResourceGroup, options, kind);
  if (!record || zone === undefined || zoneResourceGroup === undefined) return [];
  const isLinked = kind === "private" && !("subnet" in region.network);
  const machine = { recordType: "A", aRecords: [{ ipv4Address: address }] };
  return [
    ...(failover === undefined
      ? [record("address", hostname, machine)]
      : [
          record("direct", directName(hostname), machine),
          record("gone", goneName(hostname), {
            recordType: "TXT",
            txtRecords: [{ value: ["has no address: the cache doesn't answer"] }],
          }),
          record("address", hostname, { recordType: "CNAME", cnameRecord: { cname: failover } }),
        ]),
    ...(isLinked
      ? [
          new VirtualNetworkLink(
            name,
            {
              resourceGroupName: zoneResourceGroup,
              privateZoneName: zone,
              virtualNetworkLinkName: names.zoneLink,
              location: "global",
              tags,
              registrationEnabled: false,
              virtualNetwork: {
                id: pulumi.output(subnet).apply((id) => id.replace(/\/subnets\/[^/]+$/, "")),
              },
            },
            goesFirst(options),
          ),
        ]
      : []),
  ];
}

/** @returns undefined without a zone */
function recordsIn(
  name: string,
  zone: string | undefined,
  resourceGroupName: string | undefined,
  options: pulumi.CustomResourceOptions,
  kind: ZoneKind = "public",
): MakeRecord | undefined {
  if (zone === undefined || resourceGroupName === undefined) return undefined;
  const itsOptions = goesFirst(options);
  return (suffix, fullName, { nsRecords, ...value }) => {
    const relativeRecordSetName = fullName.slice(0, -`.${zone}`.length);
    const common = { resourceGroupName, relativeRecordSetName, ttl, ...value };
    const own = `${name}-${suffix}`;
    return kind === "private"
      ? new PrivateRecordSet(own, { ...common, privateZoneName: zone }, itsOptions)
      : new RecordSet(own, { ...common, zoneName: zone, ...(nsRecords && { nsRecords }) }, itsOptions);
  };
}

type RecordValue = Pick<
  ConstructorParameters<typeof RecordSet>[1],
  "recordType" | "aRecords" | "cnameRecord" | "nsRecords" | "txtRecords"
>;

/** Creates a record in an existing zone. A private zone has no NS records. */
type MakeRecord = (suffix: string, fullName: string, value: RecordValue) => pulumi.Resource;

/**
 * Creates a zone for the ACME challenge only. The existing zone delegates it. `_acme-challenge.<hostname>` is an alias of a name in it, which the authority,
 * lego and cert-manager follow. The identity has rights on this zone only.
 *
 * Rights on that single record of the existing zone would be narrower, but they don't last: lego and cert-manager delete the record after each challenge, and Azure deletes a record's role
 * assignments with it. The first certificate would be issued, but never renewed: https://github.com/terricain/certbot-dns-azure/issues/20
 *
 * In the networks of a private zone, its answers hide the public zone of the same name, so the private zone gets the alias, too.
 *
 * @param identity answers the challenge
 * @param zoneOptions the result of {@link inZones}
 * @returns what should exist before the challenge starts; empty without `tls: { mode: acme }`
 */
export function createChallenge(
  { plan: { region }, place, found: { zone: kind } }: ZoneArgs,
  identity: Grantee,
  zoneOptions: ZoneOptions,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { name, endpoint } = region;
  const { hostname, tls, zone: ownZone, zoneResourceGroup: ownGroup } = endpoint;
  if (tls.mode !== "acme") return [];
  const { challengeZone: zone = ownZone, challengeZoneResourceGroup: group = ownGroup } = tls;
  const record = recordsIn(name, zone, group, zoneOptions.challenge);
  if (!record) return [];
  const shadow =
    kind === "private" ? recordsIn(`${name}-private`, ownZone, ownGroup, zoneOptions.own, kind) : undefined;
  const zoneName = challengeZone(hostname);
  const small = new Zone(
    name,
    { ...place, location: "global", zoneName, zoneType: "Public" },
    goesFirst(options),
  );
  const alias = (make: MakeRecord) =>
    make("acme-challenge", challengeName(hostname), {
      recordType: "CNAME",
      // A name inside the zone, because lego refuses the zone's own name.
      cnameRecord: { cname: `challenge.${zoneName}` },
    });
  return [
    // It is deleted with the zone. If it didn't go first, an update that takes a halted change back would create it and then delete it as the old one, which has the same id.
    grant(`${name}-acme`, { identity, role: "dnsZoneContributor", scope: small.id }, goesFirst(options)),
    record("acme-delegation", zoneName, {
      recordType: "NS",
      nsRecords: small.nameServers.apply((servers) => servers.map((nsdname) => ({ nsdname }))),
    }),
    alias(record),
    ...(shadow ? [alias(shadow)] : []),
  ];
}
