/** Removes and restores the endpoint's DNS records, so that clients use the upstreams immediately. It runs on this computer, because a cache that is down can't do it. */
import { StepError } from "../command/steps.ts";
import { placeOf } from "./place.ts";
import type { DeployedRegion } from "./state.ts";
import { azureDns } from "./ways/azure-dns.ts";
import { externalDns, hasExternalDns } from "./ways/external-dns.ts";
import { localPods } from "./ways/local-pods.ts";
import { route53 } from "./ways/route53.ts";
import { byHand, hostnameOf, type Way } from "./ways/way.ts";

/** @throws StepError if no resource of the stack leads clients to the cache */
export async function waysOf(deployed: DeployedRegion): Promise<readonly Way[]> {
  const records = [...route53(deployed), ...azureDns(deployed)];
  if (records.length > 0) return records;
  const place = placeOf(deployed);
  if (place.kind === "local") return [localPods(deployed, place)];
  if (place.kind === "kubernetes" && hasExternalDns(deployed, place))
    return [externalDns(place, hostnameOf(deployed))];
  throw new StepError(noRecord(deployed));
}

function noRecord({ stack, region, endpoint }: DeployedRegion): string {
  const name = endpoint === undefined ? "the endpoint" : new URL(endpoint).hostname;
  return `${stack}: the state has no DNS record of ${region}. Look for ${name} in its zone, and change it there: ${byHand}`;
}
