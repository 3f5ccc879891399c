import type { Problem } from "../../config/problems.ts";
import type { AwsRegion } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { previousOutputs } from "../previous-outputs.ts";

/**
 * That the roles of a region stay where they are in IAM. In another path, they would be others: EKS makes another cluster then, and a machine keeps the profile that is gone.
 * @param role Pulumi's name of one of them
 */
export async function pathProblems(
  { region, governance: { iamPath = "/" } = {} }: Pick<RegionPlan<AwsRegion>, "region" | "governance">,
  role: string,
): Promise<Problem[]> {
  const roles = await previousOutputs<{ path: string }>("aws:iam/role:Role");
  const { path = "/" } = roles.get(role) ?? { path: iamPath };
  if (path === iamPath) return [];
  const message = `the roles of ${region.name} have the path ${path} and can't move: keep it, or destroy the region and create it again`;
  return [{ path: "governance.iamPath", message }];
}
