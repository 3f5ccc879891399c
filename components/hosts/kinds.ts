import type { RegionKind, Regions } from "../config/schema.ts";
import { type Kind, kind, type PlannedRegion, type Shared } from "./kind.ts";

/** Every kind of region in the schema: its plan, and the later steps. Only what a command uses of a stack's kinds is loaded. */
const kinds: { readonly [Name in RegionKind]: Kind<Regions[Name]> } = {
  local: kind(
    async () => (await import("./local/plan.ts")).planLocal,
    async () => (await import("./local/kind.ts")).local,
  ),
  "aws vm": kind(
    async () => (await import("./aws/vm/plan.ts")).planAwsVm,
    async () => (await import("./aws/vm/kind.ts")).awsVm,
  ),
  "aws cluster": kind(
    async () => (await import("./aws/cluster/plan.ts")).planAwsCluster,
    async () => (await import("./aws/cluster/kind.ts")).awsCluster,
  ),
  "azure vm": kind(
    async () => (await import("./azure/vm/plan.ts")).planAzureVm,
    async () => (await import("./azure/vm/kind.ts")).azureVm,
  ),
  "azure cluster": kind(
    async () => (await import("./azure/cluster/plan.ts")).planAzureCluster,
    async () => (await import("./azure/cluster/kind.ts")).azureCluster,
  ),
  kubernetes: kind(
    async () => (await import("./kubernetes/plan.ts")).planKubernetes,
    async () => (await import("./kubernetes/kind.ts")).kubernetes,
  ),
};

/** Plans a region of any kind. */
export function planRegion<Name extends RegionKind>(
  region: { [One in Name]: Regions[One] & { readonly kind: One } }[Name],
  shared: Shared,
): Promise<PlannedRegion> {
  const plan: Kind<Regions[Name]> = kinds[region.kind];
  return plan({ ...shared, region });
}
