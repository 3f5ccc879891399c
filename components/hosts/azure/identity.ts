import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { uuidFor } from "./naming.ts";
import { roles } from "./roles.ts";

/** The identity that gets a right. */
export type Grantee = Pick<UserAssignedIdentity, "principalId">;

export interface Grant {
  readonly identity: Grantee;
  readonly role: keyof typeof roles;
  /** Resource id of the only resource that the right covers. */
  readonly scope: pulumi.Input<string>;
}

/**
 * Assigns a role. It can take ten minutes to become effective, so programs that use it retry for that long.
 *
 * The assignment's name depends only on its content, so that even after a loss of the state it isn't created twice. Without `principalType`, Azure looks up the
 * identity, which it may not know yet: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-template#new-service-principal
 */
export function grant(
  name: string,
  { identity, role, scope }: Grant,
  options: pulumi.CustomResourceOptions,
): RoleAssignment {
  const roleId = roles[role];
  const at = pulumi.output(scope);
  return new RoleAssignment(
    name,
    {
      roleAssignmentName: pulumi
        .all([at, identity.principalId])
        .apply(([where, who]) => uuidFor(where.toLowerCase(), who, roleId)),
      scope: at,
      principalId: identity.principalId,
      principalType: "ServicePrincipal",
      roleDefinitionId: pulumi.interpolate`/subscriptions/${at.apply(subscriptionOf)}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
    },
    { ...options, replaceOnChanges: ["roleDefinitionId"] },
  );
}

/** @throws RangeError if the text isn't a resource id */
export function subscriptionOf(resourceId: string): string {
  const subscription = /^\/subscriptions\/([^/]+)\//i.exec(resourceId)?.[1];
  if (!subscription) throw new RangeError(`not a resource id: ${resourceId}`);
  return subscription;
}
