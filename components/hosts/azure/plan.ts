import type { Problem } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest } from "../kind.ts";
import { regionNameProblems } from "../region-name.ts";
import { planVm, type VmPlan } from "../vm/plan.ts";
import { storedSecrets } from "../vm/secrets.ts";
import { accessProblems, accessWarnings } from "./access.ts";
import { blobStore } from "./blob-store.ts";
import { failoverProblems } from "./failover.ts";
import { type Names, namesOf } from "./naming.ts";
import { azureRegions } from "./regions.ts";
import { azureUserData, userDataLimitBytes } from "./user-data.ts";

/** A region that is a virtual machine in Azure. */
export interface AzureVmPlan extends VmPlan<AzureVmRegion> {
  readonly names: Names;
}

export function planAzureVm(request: PlanRequest<AzureVmRegion>): Planned<AzureVmPlan> {
  const { region, stack } = request;
  const { plan: planned, problems } = planVm(request);
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
    warnings: accessWarnings(region),
  };
}

/** As long as real ones, which compress about as well. */
const subscription = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
const clientId = "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02";
const storageAccount = "cache0123456789abcdef012";

/** Found by making some. */
function userDataProblems(plan: AzureVmPlan): Problem[] {
  const { region, names, capacity } = plan;
  const { resourceGroup = names.resourceGroup } = region;
  const vault = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef`;
  const { length } = azureUserData({
    ...plan,
    diskGiB: capacity.disk.sizeGiB,
    store: region.storage.kind === "bucket" ? blobStore(storageAccount, region.storage.delivery) : undefined,
    clientId,
    subscription,
    resourceGroup,
    storedSecrets: storedSecrets(plan, (secret) => `${vault}/secrets/${secret}`),
  });
  if (length <= userDataLimitBytes) return [];
  const message = `the configuration takes ${length} bytes, compressed and as base64, and Azure gives a machine ${userDataLimitBytes}: use fewer upstreams, or fewer and wider repository globs`;
  return [{ path: "topology", message }];
}
