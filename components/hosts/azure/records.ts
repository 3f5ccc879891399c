import { RecordSet } from "@pulumi/azure-native/dns/recordSet.js";
import { Zone } from "@pulumi/azure-native/dns/zone.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { type Grantee, grant } from "./identity.ts";
import type { Place } from "./place.ts";

export interface AddressRecordArgs {
  readonly region: Pick<AzureRegion, "endpoint">;
  /** IPv4, and stays. */
  readonly address: pulumi.Input<string>;
}

export interface ChallengeArgs {
  readonly region: Pick<AzureRegion, "endpoint">;
  readonly place: Place;
  /** Who proves the name. */
  readonly identity: Grantee;
}

/** Seconds. Short, as address and name servers change when a region is made anew. */
const ttl = 300;

/** The name that clients use, where there is a zone for it. */
export function createAddressRecord(
  name: string,
  { region: { endpoint }, address }: AddressRecordArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { hostname } = endpoint;
  const record = recordsIn(name, endpoint, options);
  return record
    ? [record("address", hostname, { recordType: "A", aRecords: [{ ipv4Address: address }] })]
    : [];
}

/** @returns undefined without a zone */
function recordsIn(
  name: string,
  { zone, zoneResourceGroup }: Pick<AzureRegion["endpoint"], "zone" | "zoneResourceGroup">,
  options: pulumi.CustomResourceOptions,
): MakeRecord | undefined {
  if (zone === undefined || zoneResourceGroup === undefined) return undefined;
  return (suffix, fullName, value) =>
    new RecordSet(
      `${name}-${suffix}`,
      {
        resourceGroupName: zoneResourceGroup,
        zoneName: zone,
        relativeRecordSetName: fullName.slice(0, -`.${zone}`.length),
        ttl,
        ...value,
      },
      options,
    );
}

/** The zone in which a name is proved. */
export function challengeZone(hostname: string): string {
  return `acme.${hostname}`;
}

type RecordValue = Pick<
  ConstructorParameters<typeof RecordSet>[1],
  "recordType" | "aRecords" | "cnameRecord" | "nsRecords"
>;

/** Makes a record in the existing zone. */
type MakeRecord = (suffix: string, fullName: string, value: RecordValue) => RecordSet;

/**
 * A zone for what the ACME authority wants to see, delegated by the existing zone; `_acme-challenge.<hostname>` is an alias of a name in it, which authority,
 * lego and cert-manager follow. Who proves it has rights on this zone and on no other.
 *
 * Rights on that one record of the existing zone would be narrower, but they don't last: lego and cert-manager delete the record after each proof, and Azure deletes a record's role
 * assignments with it. The first certificate would come, and no renewal: https://github.com/terricain/certbot-dns-azure/issues/20
 *
 * @returns what should be there when the name is proved; nothing but with `tls: { mode: acme }`.
 */
export function createChallenge(
  name: string,
  { region: { endpoint }, place, identity }: ChallengeArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { hostname, tls } = endpoint;
  const record = recordsIn(name, endpoint, options);
  if (tls.mode !== "acme" || !record) return [];
  const zoneName = challengeZone(hostname);
  const zone = new Zone(name, { ...place, location: "global", zoneName, zoneType: "Public" }, options);
  return [
    grant(`${name}-acme`, { identity, role: "dnsZoneContributor", scope: zone.id }, options),
    record("acme-delegation", zoneName, {
      recordType: "NS",
      nsRecords: zone.nameServers.apply((servers) => servers.map((nsdname) => ({ nsdname }))),
    }),
    record("acme-challenge", `_acme-challenge.${hostname}`, {
      recordType: "CNAME",
      // A name in the zone, not the zone's own: lego refuses that one.
      cnameRecord: { cname: `challenge.${zoneName}` },
    }),
  ];
}
