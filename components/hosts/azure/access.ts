import { type Problem, problemIf } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { isServiceTag } from "../../config/text.ts";
import { familyOf, ipv4Ranges } from "../address-family.ts";
import { maxSecurityGroupRanges, maxSecurityGroupTags } from "../firewall-limits.ts";
import { sourcesOf } from "../vm/plan.ts";

/** Sources that open nothing, or more than they seem to. */
export function accessWarnings(region: AzureVmRegion): Problem[] {
  return sourcesOf(region).flatMap(({ source, path }) => {
    const message = warningOf(source);
    return message === undefined ? [] : [{ path, message }];
  });
}

function warningOf(source: string): string | undefined {
  if (source === "Internet") return "is the whole internet, as `public` is: name the addresses that you mean";
  if (isServiceTag(source) || source === "::/0" || familyOf(source) === "ipv4") return undefined;
  return `"${source}" has no effect: the machine has an IPv4 address only`;
}

/** @returns problems whose path is relative to the region. */
export function accessProblems({ access }: AzureVmRegion): Problem[] {
  const sources = [...access.clients, ...access.metrics];
  const tags = sources.filter(isServiceTag).length;
  const ranges = rangesOf(sources).length;
  return [
    ...problemIf(
      rangesOf(access.clients).length === 0 && !access.clients.some(isServiceTag),
      "access.clients",
      "has no IPv4 range: nobody could pull, as the machine has an IPv4 address only",
    ),
    ...tooMany(ranges, "ranges", maxSecurityGroupRanges, "put some together"),
    ...tooMany(tags, "service tags", maxSecurityGroupTags, "use fewer"),
  ];
}

function rangesOf(sources: readonly string[]): string[] {
  return ipv4Ranges(sources.filter((source) => !isServiceTag(source)));
}

function tooMany(count: number, what: string, max: number, wayOut: string): Problem[] {
  const message = `has, together with \`access.metrics\`, ${count} ${what}, and a network security group takes ${max}: ${wayOut}`;
  return problemIf(count > max, "access.clients", message);
}
