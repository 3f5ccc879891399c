import ipaddr from "ipaddr.js";

export type Family = "ipv4" | "ipv6";

/** @param range in CIDR notation, from the configuration or from a cloud's API */
export function familyOf(range: string): Family {
  return ipaddr.parseCIDR(range)[0].kind();
}

/** The address family as Kubernetes spells it. */
export function familyNameOf(range: string): "IPv4" | "IPv6" {
  return familyOf(range) === "ipv4" ? "IPv4" : "IPv6";
}

export function ipv4Ranges(ranges: readonly string[]): string[] {
  return ranges.filter((range) => familyOf(range) === "ipv4");
}
