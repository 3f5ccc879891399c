import type { Problem } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { maxSecurityGroupRanges } from "../firewall-limits.ts";

/** Ranges of the addresses that can come: the machine has an IPv4 address. */
export function isUsable(range: string): boolean {
  return !range.includes(":");
}

/** Ranges that open nothing. */
export function accessWarnings({ access }: AzureVmRegion): Problem[] {
  return (["clients", "metrics"] as const).flatMap((list) =>
    access[list].flatMap((range, index) => {
      if (isUsable(range) || range === "::/0") return [];
      const message = `"${range}" has no effect: the machine has an IPv4 address only`;
      return [{ path: `access.${list}[${index}]`, message }];
    }),
  );
}

/** @returns problems whose path is relative to the region. */
export function accessProblems({ access }: AzureVmRegion): Problem[] {
  const path = "access.clients";
  if (!access.clients.some(isUsable)) {
    const message = "has no IPv4 range: nobody could pull, as the machine has an IPv4 address only";
    return [{ path, message }];
  }
  const count = [...access.clients, ...access.metrics].filter(isUsable).length;
  if (count <= maxSecurityGroupRanges) return [];
  const message = `has, together with \`access.metrics\`, ${count} ranges, and a network security group takes ${maxSecurityGroupRanges}: put some together`;
  return [{ path, message }];
}
