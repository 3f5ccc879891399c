/** The rules of all clouds for addresses, ports and user data. */
import { gunzipSync } from "node:zlib";
import ipaddr from "ipaddr.js";
import { parse } from "yaml";

/** Whether it is a range in CIDR notation without host bits. */
export function isRange(range: string, kind: "ipv4" | "ipv6"): boolean {
  if (!ipaddr.isValidCIDR(range)) return false;
  const [address, length] = ipaddr.parseCIDR(range);
  if (address.kind() !== kind) return false;
  const family = kind === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(`${address}/${length}`).toString() === address.toString();
}

export function lengthOf(range: string): number {
  return ipaddr.parseCIDR(range)[1];
}

/** Whether the outer range contains the inner one. */
export function contains(outer: string, inner: string): boolean {
  const [address] = ipaddr.parseCIDR(inner);
  return lengthOf(inner) >= lengthOf(outer) && address.match(ipaddr.parseCIDR(outer));
}

export function overlap(one: string, other: string): boolean {
  return contains(one, other) || contains(other, one);
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

export function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

/**
 * What is wrong with base64 user data for cloud-init.
 * @param limit bytes before base64
 */
export function userDataProblem(base64: string, limit: number): string | undefined {
  if (!isBase64(base64)) return "it is not base64";
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > limit) return `it has ${bytes.length} bytes and ${limit} are allowed`;
  try {
    const config = unpackedUserData(base64);
    if (!config.startsWith("#cloud-config\n")) return "it is no cloud-config";
    parse(config);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The text of base64 user data, as cloud-init reads it. */
export function unpackedUserData(base64: string): string {
  return gunzipSync(Buffer.from(base64, "base64")).toString();
}
