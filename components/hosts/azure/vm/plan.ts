import { gzipSync } from "node:zlib";
import { isServiceTag } from "../../../config/addresses.ts";
import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AzureVmRegion } from "../../../config/schema.ts";
import { familyOf, ipv4Ranges } from "../../address-family.ts";
import type { Planned, PlanRequest } from "../../kind.ts";
import { maxNetworkSecurityGroupRanges, maxNetworkSecurityGroupTags } from "../../network-security-group.ts";
import { regionNameProblems } from "../../region-name.ts";
import { planVm, sourcesOf, type VmPlan } from "../../vm/plan.ts";
import { storedSecrets } from "../../vm/secrets.ts";
import { failoverProblems } from "../endpoint.ts";
import { blobStore, type Names, namesOf } from "../naming.ts";
import { azureRegions } from "../regions.ts";
import { azureUserData, userDataLimitBytes } from "./user-data.ts";

/** A region with a virtual machine in Azure. */
export interface AzureVmPlan extends VmPlan<AzureVmRegion> {
  readonly names: Names;
}

export function planAzureVm(request: PlanRequest<AzureVmRegion>): Planned<AzureVmPlan> {
  const { region, stack } = request;
  const { plan: planned, problems, warnings } = planVm(request);
  const plan = { ...planned, names: namesOf({ stack, region: region.name }) };
  return {
    plan,
    problems: [
      ...regionNameProblems(region, azureRegions),
      ...accessProblems(region),
      ...failoverProblems(region),
      ...problems,
      ...(problems.length === 0 ? userDataProblems(plan) : []),
    ],
    warnings: [...accessWarnings(region), ...warnings],
  };
}

/** Placeholders with the length of real values, which compress about as well. */
const subscription = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
const clientId = "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02";
const storageAccount = "cache0123456789abcdef012";

/** Checks the size of the user data by rendering it with placeholders. */
function userDataProblems(plan: AzureVmPlan): Problem[] {
  const { region, names } = plan;
  const { resourceGroup = names.resourceGroup } = region;
  const vault = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef`;
  const options = {
    ...plan,
    store: region.storage.kind === "bucket" ? blobStore(storageAccount, region.storage.delivery) : undefined,
    clientId,
    subscription,
    resourceGroup,
    storedSecrets: storedSecrets(plan, (secret) => `${vault}/secrets/${secret}`),
  };
  // The runtime's zlib takes a tenth of the time, and its result is about as long.
  const estimate = azureUserData(options, gzipSync).length;
  const length = estimate < 0.95 * userDataLimitBytes ? estimate : azureUserData(options).length;
  const message = `the configuration takes ${length} bytes, compressed and as base64, and Azure gives a machine ${userDataLimitBytes}: use fewer upstreams, fewer and wider repository globs, or fewer certificates in \`trustedAuthorities\``;
  return problemIf(length > userDataLimitBytes, "topology", message);
}

/** Warns about sources that have no effect, or allow more than they seem to. */
function accessWarnings(region: AzureVmRegion): Problem[] {
  return sourcesOf(region).flatMap(({ source, path }) => {
    if (source === "Internet")
      return [{ path, message: "is the whole internet, as `public` is: name the addresses that you mean" }];
    if (isServiceTag(source) || source === "::/0" || familyOf(source) === "ipv4") return [];
    return [{ path, message: `"${source}" has no effect: the machine has an IPv4 address only` }];
  });
}

/** @returns problems whose path is relative to the region */
function accessProblems({ access }: AzureVmRegion): Problem[] {
  const sources = [...access.clients, ...access.metrics];
  const tags = sources.filter(isServiceTag).length;
  const ranges = rangesOf(sources).length;
  return [
    ...problemIf(
      rangesOf(access.clients).length === 0 && !access.clients.some(isServiceTag),
      "access.clients",
      "has no IPv4 range: no client could pull, because the machine has only an IPv4 address",
    ),
    ...tooMany(ranges, "ranges", maxNetworkSecurityGroupRanges, "put some together"),
    ...tooMany(tags, "service tags", maxNetworkSecurityGroupTags, "use fewer"),
  ];
}

function rangesOf(sources: readonly string[]): string[] {
  return ipv4Ranges(sources.filter((source) => !isServiceTag(source)));
}

function tooMany(count: number, what: string, max: number, wayOut: string): Problem[] {
  const message = `has, together with \`access.metrics\`, ${count} ${what}, and a network security group takes ${max}: ${wayOut}`;
  return problemIf(count > max, "access.clients", message);
}
