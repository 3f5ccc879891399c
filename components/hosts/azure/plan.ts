import type { Problem } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { maxSecurityGroupRanges } from "../firewall-limits.ts";
import type { Planned, PlanRequest } from "../kind.ts";
import { planVm, type VmPlan } from "../vm/plan.ts";
import { storedSecrets } from "../vm/secrets.ts";
import { tooLargeProblems } from "../vm/user-data.ts";
import { storeOf } from "./blob-store.ts";
import { isUsable } from "./firewall.ts";
import { type Names, namesOf } from "./naming.ts";
import { nameProblems } from "./regions.ts";
import { azureUserData } from "./user-data.ts";

/** A region that is a virtual machine in Azure. */
export interface AzureVmPlan extends VmPlan<AzureVmRegion> {
  readonly names: Names;
}

export function planAzureVm(request: PlanRequest<AzureVmRegion>): Planned<AzureVmPlan> {
  const { region, stack } = request;
  const { plan: planned, problems } = planVm("azure", request);
  const plan = planned && { ...planned, names: namesOf({ stack, region: region.name }) };
  return {
    plan,
    problems: [
      ...nameProblems(region),
      ...accessProblems(region),
      ...problems,
      ...(plan ? userDataProblems(plan) : []),
    ],
    warnings: accessWarnings(region),
  };
}

function accessWarnings({ access }: AzureVmRegion): Problem[] {
  return (["clients", "metrics"] as const).flatMap((list) =>
    access[list].flatMap((range, index) => {
      if (isUsable(range) || range === "::/0") return [];
      const message = `"${range}" has no effect: the machine has an IPv4 address only`;
      return [{ path: `access.${list}[${index}]`, message }];
    }),
  );
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

function userDataProblems(plan: AzureVmPlan): Problem[] {
  const { region, names, capacity } = plan;
  const { resourceGroup = names.resourceGroup } = region;
  const vault = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef`;
  return tooLargeProblems(() =>
    azureUserData({
      ...plan,
      diskGiB: capacity.disk.sizeGiB,
      store: storeOf(region, storageAccount, clientId),
      clientId,
      subscription,
      resourceGroup,
      storedSecrets: storedSecrets(plan, (secret) => `${vault}/secrets/${secret}`),
    }),
  );
}
