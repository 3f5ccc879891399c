import * as pulumi from "@pulumi/pulumi";
import { planCapacity } from "../../capacity/plan.ts";
import { hint, type Problem } from "../../config/problems.ts";
import { maxSecurityGroupRanges } from "../firewall-limits.ts";
import { shrinkingProblems } from "../vm/previous-disks.ts";
import { storedSecrets } from "../vm/secrets.ts";
import { UserDataTooLarge } from "../vm/user-data.ts";
import { storeOf } from "./blob-store.ts";
import { isUsable } from "./firewall.ts";
import { namesOf } from "./naming.ts";
import { regionNames } from "./regions.ts";
import { azureUserData } from "./user-data.ts";
import type { AzureVmRegion, VmPlanArgs } from "./vm-args.ts";

/**
 * What is wrong with a region, found without asking Azure.
 * @param previousDiskGiB the size that the region's data disk has, if there is one: see previousDisks().
 * @returns problems whose path is relative to the region.
 */
export function preflight(args: VmPlanArgs, previousDiskGiB?: number): Problem[] {
  const { region, upstreams, workload } = args;
  const { plan, problems } = planCapacity({ cloud: "azure", region, workload, upstreams: upstreams.length });
  return [
    ...nameProblems(region),
    ...accessProblems(region),
    ...problems,
    ...(problems.length === 0
      ? [
          ...shrinkingProblems(region, plan.disk.sizeGiB, previousDiskGiB),
          ...userDataProblems(args, plan.disk.sizeGiB),
        ]
      : []),
  ];
}

/** What works, but not as it seems to be meant, with paths relative to the region. */
export function warnings({ access }: AzureVmRegion): Problem[] {
  return (["clients", "metrics"] as const).flatMap((list) =>
    access[list].flatMap((range, index) => {
      if (isUsable(range) || range === "::/0") return [];
      const message = `"${range}" has no effect: the machine has an IPv4 address only`;
      return [{ path: `access.${list}[${index}]`, message }];
    }),
  );
}

export function nameProblems({ name }: Pick<AzureVmRegion, "name">): Problem[] {
  if (regionNames.includes(name)) return [];
  const wayOut = hint(name, regionNames, "`az account list-locations` names them");
  return [{ path: "name", message: `"${name}" is not a region of the public Azure cloud: ${wayOut}` }];
}

function accessProblems({ access }: AzureVmRegion): Problem[] {
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

/** As long as real ones, which compress about as well. */
const subscription = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
const clientId = "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02";
const storageAccount = "cache0123456789abcdef012";

function userDataProblems(args: VmPlanArgs, diskGiB: number): Problem[] {
  const { region } = args;
  const { resourceGroup = namesOf({ stack: pulumi.getStack(), region: region.name }).resourceGroup } = region;
  const vault = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef`;
  try {
    azureUserData({
      ...args,
      diskGiB,
      store: storeOf(region, storageAccount, clientId),
      clientId,
      subscription,
      resourceGroup,
      storedSecrets: storedSecrets(args, (secret) => `${vault}/secrets/${secret}`),
    });
    return [];
  } catch (error) {
    if (!(error instanceof UserDataTooLarge)) throw error;
    return [{ path: "topology", message: error.message }];
  }
}
