/** Rules of network security groups, of a machine's and of a cluster's subnet. */
import type { input } from "@pulumi/azure-native/types/index.js";

export type Rule = input.network.SecurityRuleArgs;

export interface Opening {
  readonly name: string;
  readonly port: number;
  readonly source: Pick<Rule, "sourceAddressPrefix" | "sourceAddressPrefixes">;
}

/** From any port to any member of the group. */
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

/** What a rule is about that is about everything. */
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
