import ipaddr from "ipaddr.js";
import { ecrHost } from "../config/images.ts";
import type { Upstream } from "../config/schema.ts";
import { type Charge, type Place, usage } from "./charge.ts";
import { freeEgressGB } from "./charges-azure.ts";
import type { NotPriced } from "./line.ts";
import registries from "./registries.json" with { type: "json" };
import { toGB } from "./usage.ts";

/** Who bills the traffic of a registry: for our own registry, the cloud that hosts it. Public registries bill nobody for downloads. */
type UpstreamOperator = Place | "nobody" | "unknown";

/** The name of an ACR doesn't contain its region. The regions of Europe and North America have the same prices for transfer to the internet. */
export const assumedRegistryRegion = "westeurope";

/**
 * Public registries: whether, as far as is known, they bill neither publishers nor clients, whether ECR's pull-through rules support them, and whether a rule then needs
 * a secret: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
const known: Readonly<Record<string, PublicRegistry>> = registries;

interface PublicRegistry {
  readonly isFree: boolean;
  readonly isForEcr: boolean;
  /** @default false */
  readonly needsSecret?: boolean;
}

/** The operator, according to the host of the upstream's URL. ECR in China stays unknown, because AWS has other prices there. */
export function operatorOf({ url }: Pick<Upstream, "url">): UpstreamOperator {
  const { hostname } = new URL(url);
  if (hostname.endsWith(".azurecr.io")) {
    return { cloud: "azure", region: { name: assumedRegistryRegion } };
  }
  const ecr = ecrHost.exec(hostname)?.[1];
  if (ecr) return { cloud: "aws", region: { name: ecr } };
  return known[hostname]?.isFree || isOwnNetwork(hostname) ? "nobody" : "unknown";
}

/** Whether it is an Azure Container Registry. */
export function isAcr(upstream: Pick<Upstream, "url">): boolean {
  const operator = operatorOf(upstream);
  return typeof operator === "object" && operator.cloud === "azure";
}

export function isForEcr({ registry }: Upstream): boolean {
  return known[registry]?.isForEcr === true || registry.endsWith(".azurecr.io") || ecrHost.test(registry);
}

/** Whether ECR takes the credentials for the registry from Secrets Manager. For another ECR, it takes a role. */
export function needsSecret({ registry }: Upstream): boolean {
  return known[registry]?.needsSecret === true || registry.endsWith(".azurecr.io");
}

/** Whether a host is a loopback or private address. URLs put IPv6 addresses in brackets. */
function isOwnNetwork(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return hostname === "localhost" || (ipaddr.isValid(address) && ipaddr.parse(address).range() !== "unicast");
}

/**
 * What we, as the operators of the upstreams, pay for bytes that leave the registries. All upstreams have equal shares, because the workload doesn't distinguish them.
 * @param what the beginning of the lines' names
 * @param kind `fill` for fetches of a cache, `transfer` for pulls of nodes
 */
export function upstreamTransfer(
  upstreams: readonly Upstream[],
  gib: number,
  to: Place,
  { what, kind }: { readonly what: string; readonly kind: "fill" | "transfer" },
): Charge[] {
  return upstreams.flatMap((upstream) => {
    const from = operatorOf(upstream);
    if (typeof from === "string") return [];
    const isAzure = from.cloud === "azure";
    const isToInternet = from.cloud !== to.cloud;
    // Within one AWS region, transfer is free.
    if (!isToInternet && !isAzure && from.region.name === to.region.name) return [];
    const [item, where] = isToInternet
      ? (["transfer-to-internet", "to the internet"] as const)
      : (["transfer-between-regions", "to another region"] as const);
    // Between regions of Azure, the receiver's price, because the region of an ACR isn't known. It is assumed to be on the same continent.
    const { cloud, region } = isAzure && !isToInternet ? to : from;
    const shareGiB = gib / upstreams.length;
    const charge = usage(`${what} ${upstream.registry}, ${where}`, item, isAzure ? toGB(shareGiB) : shareGiB);
    // The registry's other traffic already uses the free tier.
    const above = isAzure && isToInternet ? freeEgressGB : 0;
    return [{ ...charge, kind, above, at: { cloud, region } }];
  });
}

/** A sentence for conclusions, which count the transfer of unknown operators as free. Empty if all operators are known. */
export function uncountedTransfer(upstreams: readonly Upstream[]): string[] {
  const registries = upstreams.filter((one) => operatorOf(one) === "unknown").map(({ registry }) => registry);
  return registries.length > 0 ? [`Transfer out of ${registries.join(", ")} isn't counted.`] : [];
}

/** Upstreams whose operator is unknown, so somebody may be billed an unknown amount for transfer. */
export function unknownOperators(upstreams: readonly Upstream[]): NotPriced[] {
  return upstreams
    .filter((upstream) => operatorOf(upstream) === "unknown")
    .map(({ registry }) => ({
      name: `Transfer out of ${registry}`,
      reason: "Who operates it, and what that costs, isn't known from its name.",
    }));
}
