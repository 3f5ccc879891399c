import ipaddr from "ipaddr.js";
import type { Upstream } from "../config/schema.ts";
import { type Charge, type Place, usage } from "./charge.ts";
import { freeEgressGB } from "./charges-azure.ts";
import type { NotPriced } from "./line.ts";
import registries from "./registries.json" with { type: "json" };
import { toGB } from "./usage.ts";

/** Who bills what a registry sends: where it is ours, the cloud that it is in; a public one bills nobody for downloads. */
type UpstreamOperator = Place | "nobody" | "unknown";

/** An ACR's name doesn't say where it is. The regions of Europe and North America have the same prices for transfer to the internet. */
export const assumedRegistryRegion = "westeurope";

/**
 * Public registries: whether they bill neither their users nor those who pull, as far as is known, and whether a pull-through rule of ECR can have them:
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
const known: Readonly<Record<string, { readonly isFree: boolean; readonly isForEcr: boolean }>> = registries;

/** By the host that is really asked. */
export function operatorOf({ url }: Pick<Upstream, "url">): UpstreamOperator {
  const { hostname } = new URL(url);
  if (hostname.endsWith(".azurecr.io")) {
    return { cloud: "azure", region: { name: assumedRegistryRegion } };
  }
  const ecr = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com$/.exec(hostname)?.[1];
  if (ecr) return { cloud: "aws", region: { name: ecr } };
  return known[hostname]?.isFree || isOwnNetwork(hostname) ? "nobody" : "unknown";
}

/** Whether it is an Azure Container Registry. */
export function isAcr(upstream: Pick<Upstream, "url">): boolean {
  const operator = operatorOf(upstream);
  return typeof operator === "object" && operator.cloud === "azure";
}

export function isForEcr({ registry }: Upstream): boolean {
  return known[registry]?.isForEcr === true || registry.endsWith(".azurecr.io");
}

/** Loopback and private addresses; brackets are an URL's way to write IPv6. */
function isOwnNetwork(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return hostname === "localhost" || (ipaddr.isValid(address) && ipaddr.parse(address).range() !== "unicast");
}

/**
 * What the upstreams' operators, we, pay for bytes that leave their registries: equal shares, as the workload doesn't say more.
 * @param what the beginning of the lines' names
 * @param kind `fill` for what a cache fetches, `transfer` for what nodes pull
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
    // Within one region of AWS, it costs nothing.
    if (!isToInternet && !isAzure && from.region.name === to.region.name) return [];
    const [item, where] = isToInternet
      ? (["transfer-to-internet", "to the internet"] as const)
      : (["transfer-between-regions", "to another region"] as const);
    // The receiver's between regions of Azure: where an ACR is, its name doesn't say, so it is taken to be on the same continent.
    const { cloud, region } = isAzure && !isToInternet ? to : from;
    const shareGiB = gib / upstreams.length;
    const charge = usage(`${what} ${upstream.registry}, ${where}`, item, isAzure ? toGB(shareGiB) : shareGiB);
    // A registry's ladder of prices is used from where its other traffic leaves it.
    const above = isAzure && isToInternet ? freeEgressGB : 0;
    return [{ ...charge, kind, above, at: { cloud, region } }];
  });
}

/** A sentence for conclusions, which take that transfer for free. None where all operators are known. */
export function uncountedTransfer(upstreams: readonly Upstream[]): string[] {
  const registries = upstreams.filter((one) => operatorOf(one) === "unknown").map(({ registry }) => registry);
  return registries.length > 0 ? [`Transfer out of ${registries.join(", ")} isn't counted.`] : [];
}

/** Upstreams whose transfer somebody may be billed for, nobody knows how much. */
export function unknownOperators(upstreams: readonly Upstream[]): NotPriced[] {
  return upstreams
    .filter((upstream) => operatorOf(upstream) === "unknown")
    .map(({ registry }) => ({
      name: `Transfer out of ${registry}`,
      reason: "Who operates it, and what that costs, isn't known from its name.",
    }));
}
