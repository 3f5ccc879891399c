import type { Problem } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { familyOf, ipv4Ranges } from "../address-family.ts";
import { maxSecurityGroupRanges } from "../firewall-limits.ts";

/** Ranges that open nothing. */
export function accessWarnings({ access }: AzureVmRegion): Problem[] {
  return (["clients", "metrics"] as const).flatMap((list) =>
    access[list].flatMap((range, index) => {
      if (familyOf(range) === "ipv4" || range === "::/0") return [];
      const message = `"${range}" has no effect: the machine has an IPv4 address only`;
      return [{ path: `access.${list}[${index}]`, message }];
    }),
  );
}

/** @returns problems whose path is relative to the region. */
export function accessProblems({ access }: AzureVmRegion): Problem[] {
  const path = "access.clients";
  if (ipv4Ranges(access.clients).length === 0) {
    const message = "has no IPv4 range: nobody could pull, as the machine has an IPv4 address only";
    return [{ path, message }];
  }
  const count = ipv4Ranges([...access.clients, ...access.metrics]).length;
  if (count <= maxSecurityGroupRanges) return [];
  const message = `has, together with \`access.metrics\`, ${count} ranges, and a network security group takes ${maxSecurityGroupRanges}: put some together`;
  return [{ path, message }];
}
