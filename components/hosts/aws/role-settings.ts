import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import type { RegionPlan } from "../kind.ts";

/** What the configuration asks of every role that the stack makes. A machine's instance profile has the same path. */
export function roleSettings({
  governance: { iamPath: path, permissionsBoundary } = {},
}: Pick<RegionPlan, "governance">): Pick<RoleArgs, "path" | "permissionsBoundary"> {
  return {
    ...(path !== undefined && { path }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
  };
}
