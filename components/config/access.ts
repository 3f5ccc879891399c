import ipaddr from "ipaddr.js";
import { z } from "zod";
import {
  addressRange,
  addressRangeProblem,
  awsClient,
  awsSource,
  azureClient,
  azureSource,
  clientRange,
  clusterClientRange,
} from "./addresses.ts";
import { source } from "./cluster.ts";

/** A list without duplicates and without an address range inside another one. */
function listOf<Source extends z.ZodType>(source: Source) {
  return z.array(source).superRefine((sources, context) => {
    // Labels of Pods don't overlap with address ranges.
    const ranges = sources.map((it) => (typeof it === "string" ? rangeOf(it) : undefined));
    sources.forEach((inner, index) => {
      const outer = sources.find((other, at) =>
        other === inner ? at < index : contains(ranges[at], ranges[index]),
      );
      if (outer) context.addIssue({ code: "custom", path: [index], message: `is already part of ${outer}` });
    });
  });
}

/** @returns undefined if the text isn't an address range */
export function rangeOf(text: string) {
  return addressRangeProblem(text) ? undefined : ipaddr.parseCIDR(text);
}

type Range = ReturnType<typeof rangeOf>;

/** Whether `inner` is part of `outer`, or equal to it. False if either is undefined. */
export function contains(outer: Range, inner: Range): boolean {
  if (!outer || !inner || outer[1] > inner[1] || outer[0].kind() !== inner[0].kind()) return false;
  return inner[0].match(outer);
}

/** Private address space: RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map(
  rangeOf,
);

/** Whether a range has private addresses only. */
export function isPrivateRange(text: string): boolean {
  return privateRanges.some((outer) => contains(outer, rangeOf(text)));
}

/** IPv4 ranges that are neither public nor private: RFC 6890. It leaves out those for documentation, which examples use as public ranges. */
const reservedRanges = [
  ...["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24"],
  ...["198.18.0.0/15", "224.0.0.0/3"],
].map(rangeOf);

/** Whether an IPv4 range has reserved addresses only, for example multicast, link-local or loopback. */
export function isReservedRange(text: string): boolean {
  return reservedRanges.some((outer) => contains(outer, rangeOf(text)));
}

/** All addresses, as CIDR ranges. */
export const everyone = ["0.0.0.0/0", "::/0"];
const loopback = ["127.0.0.0/8", "::1/128"];

/** @param sources what the list can contain, for the description */
function clientsFrom(source: typeof clientRange, sources: string) {
  return z
    .union([z.literal("public").transform(() => everyone), listOf(source).min(1)], {
      error: "must be a list of address ranges, or `public` for the whole internet",
    })
    .describe(`Who may pull: ${sources}, or \`public\` for the whole internet.`);
}

/** @param sources what the list can contain, for the description */
function readersFrom<Source extends z.ZodType>(source: Source, sources: string) {
  return listOf(source).describe(`Who may read the metrics: ${sources}.`);
}

function access<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape).describe("Who reaches the cache.");
}

/**
 * Access to a machine in a cloud.
 * @param client the schema of those who may pull
 * @param source the schema of those who may read the metrics
 * @param sources what both can be, for the descriptions
 */
function cloudAccess<Source extends z.ZodType>(client: typeof clientRange, source: Source, sources: string) {
  return access({
    clients: clientsFrom(client, sources),
    metrics: readersFrom(source, sources).default([]),
  });
}

/** Access to a machine in a cloud whose firewall accepts address ranges only. */
export const rangeAccess = cloudAccess(clientRange, addressRange, "address ranges");

const awsSources =
  "address ranges, prefix lists (`pl-…`) and, with `exposure: private`, security groups (`sg-…`)";

/** Access to a machine in AWS. Its security groups accept prefix lists and other security groups. */
export const awsAccess = cloudAccess(awsClient, awsSource, awsSources);

const azureSources = "address ranges and service tags of Azure (`VirtualNetwork`, `AzureCloud.westeurope`)";

/** Access to a machine in Azure. Its network security groups accept service tags. */
export const azureAccess = cloudAccess(azureClient, azureSource, azureSources);

/** Access to replicas on Kubernetes. NetworkPolicies can select Pods by labels. */
export const clusterAccess = access({
  clients: clientsFrom(clusterClientRange, "address ranges"),
  metrics: listOf(source)
    .default([])
    .describe("Who may read the metrics: address ranges and labels of Pods."),
});

export const localAccess = access({
  clients: clientsFrom(clientRange, "address ranges").prefault(loopback),
  metrics: readersFrom(addressRange, "address ranges").default(loopback),
});
