import type { AwsVmRegion } from "../../config/schema.ts";
import type { S3Store } from "../../pod/store.ts";
import type { VmPodOptions } from "../vm/pod.ts";
import type { ChallengeZone } from "./hosted-zones.ts";

export interface AwsPodOptions extends Omit<VmPodOptions, "dns"> {
  readonly region: AwsVmRegion;
  readonly store?: S3Store | undefined;
  /** Of the zone in which the machine proves its name. */
  readonly challengeZone?: Pick<ChallengeZone, "id" | "nameServers"> | undefined;
}

/** What AWS adds to the Pod. */
export function podOptions({ challengeZone, ...options }: AwsPodOptions): VmPodOptions {
  const environment = {
    // The service is global, but the SDK wants to know one, and doesn't ask the machine.
    AWS_REGION: options.region.name,
    // Found by name, it would take a right on all zones.
    ...(challengeZone && { AWS_HOSTED_ZONE_ID: challengeZone.id }),
    ...(challengeZone?.nameServers && { LEGO_DNS_RESOLVERS: challengeZone.nameServers.join(",") }),
  };
  return { ...options, dns: { dnsProvider: "route53", environment } };
}
