import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { checkedText } from "./text.ts";

/** An address range in CIDR notation that isn't the whole internet. */
export const addressRange = checkedText((text) => addressRangeProblem(text));

/** An address range of clients, in a list that the word `public` can replace. */
export const clientRange = checkedText(clientRangeProblem);

/** An address range of a cluster's clients, with a message for labels of Pods, which other lists accept. */
export const clusterClientRange = checkedText(clientRangeProblem, ({ input }) =>
  typeof input === "object" && input !== null
    ? "must be an address range: labels of Pods are for `access.metrics` and `expose.proxies`"
    : undefined,
);

/** Whether a source of access is the id of an AWS prefix list: https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html */
export function isPrefixList(source: string): boolean {
  return source.startsWith("pl-");
}

/** Whether a source of access is the id of an AWS security group. */
export function isSecurityGroup(source: string): boolean {
  return source.startsWith("sg-");
}

/** Whether a source of access is an id, whose addresses only AWS knows. */
export function isReference(source: string): boolean {
  return isPrefixList(source) || isSecurityGroup(source);
}

/** An address range, or the id of an AWS prefix list or security group. */
export const awsSource = checkedText((text) => awsSourceProblem(text, addressRangeProblem));

/** A source of clients in AWS, in a list that the word `public` can replace. */
export const awsClient = checkedText((text) => awsSourceProblem(text, clientRangeProblem));

function awsSourceProblem(
  text: string,
  rangeProblem: (text: string) => string | undefined,
): string | undefined {
  // EC2's notation for a group of a peered VPC. The look-up can't find such a group: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
  if (/^\d{12}\/sg-/.test(text))
    return `"${text}" names an account: a security group must be of the cache's own account and region, written by its id alone. For another's, name address ranges or a prefix list`;
  if (!isReference(text)) return rangeProblem(text);
  if (/^(?:pl|sg)-[0-9a-f]{8,17}$/.test(text)) return undefined;
  const [what, prefix] = isPrefixList(text) ? ["prefix list", "pl"] : ["security group", "sg"];
  return `"${text}" is not the id of a ${what}, like ${prefix}-0123456789abcdef0`;
}

/**
 * Whether a source of access has the form of an Azure service tag: `VirtualNetwork`, `AzureCloud.westeurope`. No list of them, because Azure adds new ones.
 * https://learn.microsoft.com/azure/virtual-network/service-tags-overview#available-service-tags
 */
export function isServiceTag(source: string): boolean {
  return /^[A-Z][0-9A-Za-z]+(?:\.[0-9A-Za-z]+)?$/.test(source);
}

/** An address range, or an Azure service tag. */
export const azureSource = checkedText((text) =>
  isServiceTag(text) ? undefined : addressRangeProblem(text),
);

/** A source of clients in Azure, in a list that the word `public` can replace. */
export const azureClient = checkedText((text) => (isServiceTag(text) ? undefined : clientRangeProblem(text)));

function clientRangeProblem(text: string): string | undefined {
  return addressRangeProblem(text, "; where that is meant, write `clients: public`");
}

/**
 * What is wrong with an address range, or undefined if it is valid.
 * @param wayOut the advice if the range is the whole internet
 */
export function addressRangeProblem(
  text: string,
  wayOut = ": name the addresses that you mean",
): string | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0)
    return `"${text}" is not an address range: write it like 203.0.113.0/24`;
  const longest = version === 4 ? 32 : 128;
  if (prefix === undefined) return `"${text}" is one address: write ${text}/${longest}`;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > longest) {
    return `"/${prefix}" is not a prefix length: 1 to ${longest}`;
  }
  if (prefix === "0") return `is the whole internet${wayOut}`;
  const network = (version === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text);
  if (ipaddr.parse(address).toNormalizedString() !== network.toNormalizedString()) {
    return `"${text}" has bits set behind its prefix: write ${network}/${prefix}`;
  }
  return undefined;
}
