/** Rules of the network security groups of a machine and of a cluster's subnet. */
import type { input } from "@pulumi/azure-native/types/index.js";

export type Rule = input.network.SecurityRuleArgs;

export interface Opening {
  readonly name: string;
  readonly port: number;
  readonly source: Pick<Rule, "sourceAddressPrefix" | "sourceAddressPrefixes">;
}

/** Allows a source to connect to a port of all members of the group. */
export function inboundRule({ name, port, source }: Opening, priority: number): Rule {
  return {
    direction: "Inbound",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    ...source,
    name,
    priority,
    access: "Allow",
    protocol: "Tcp",
    destinationPortRange: String(port),
  };
}

/** Matches all traffic. */
export const everything = {
  protocol: "*",
  sourceAddressPrefix: "*",
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "*",
} as const;

export function nothingElse(direction: "Inbound" | "Outbound"): Rule {
  const name = `nothing-else-${direction.toLowerCase()}`;
  return { ...everything, name, direction, priority: 4096, access: "Deny" };
}

export function sourceOf(ranges: string[]) {
  return ranges.includes("0.0.0.0/0") ? { sourceAddressPrefix: "*" } : { sourceAddressPrefixes: ranges };
}
