import { RecordSet } from "@pulumi/azure-native/dns/recordSet.js";
import { Zone } from "@pulumi/azure-native/dns/zone.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { type Grantee, grant } from "./identity.ts";
import type { Place } from "./place.ts";
import { azureProvider } from "./provider.ts";

export interface RecordsArgs {
  readonly region: Pick<AzureRegion, "endpoint">;
  readonly place: Place;
  /** Who proves the name; with `tls: { mode: acme }` only. */
  readonly identity?: Grantee;
  /** IPv4, and stays. */
  readonly address: pulumi.Input<string>;
}

/** Seconds. Short, as address and name servers change when a region is made anew. */
const ttl = 300;

/**
 * The name that clients use, and what the machine, or cert-manager, needs to prove that it is its own.
 * @returns what should be there when it does.
 */
export function createRecords(
  name: string,
  { region, place, identity, address }: RecordsArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { hostname, zone, zoneResourceGroup, zoneSubscription, tls } = region.endpoint;
  if (zone === undefined || zoneResourceGroup === undefined) return [];
  const provider =
    zoneSubscription === undefined
      ? {}
      : {
          provider: azureProvider(
            { name: `${name}-zone`, location: place.location, subscription: zoneSubscription },
            options,
          ),
        };
  const record: MakeRecord = (suffix, fullName, value) =>
    new RecordSet(
      `${name}-${suffix}`,
      {
        resourceGroupName: zoneResourceGroup,
        zoneName: zone,
        relativeRecordSetName: fullName.slice(0, -`.${zone}`.length),
        ttl,
        ...value,
      },
      { ...options, ...provider },
    );
  return [
    record("address", hostname, { recordType: "A", aRecords: [{ ipv4Address: address }] }),
    ...(tls.mode === "acme" && identity
      ? createChallenge(name, { hostname, record, place, identity }, options)
      : []),
  ];
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

interface ChallengeArgs {
  readonly place: Place;
  readonly identity: Grantee;
  readonly hostname: string;
  readonly record: MakeRecord;
}

/**
 * A zone for what the ACME authority wants to see, delegated by the existing zone; `_acme-challenge.<hostname>` is an alias of a name in it, which authority,
 * lego and cert-manager follow. Who proves it has rights on this zone and on no other.
 *
 * Rights on that one record of the existing zone would be narrower, but they don't last: lego and cert-manager delete the record after each proof, and Azure deletes a record's role
 * assignments with it. The first certificate would come, and no renewal: https://github.com/terricain/certbot-dns-azure/issues/20
 */
function createChallenge(
  name: string,
  { hostname, record, place, identity }: ChallengeArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
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
