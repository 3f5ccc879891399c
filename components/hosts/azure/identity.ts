import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { uuidFor } from "./naming.ts";

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
export const roles = {
  dnsZoneContributor: "befefa01-2a29-4197-83a8-272ff33ce314",
  keyVaultSecretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
  networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  storageBlobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  storageBlobDelegator: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
} as const;

/** Who gets a right. */
export type Grantee = Pick<UserAssignedIdentity, "principalId">;

export interface Grant {
  readonly identity: Grantee;
  readonly role: keyof typeof roles;
  /** The resource id of the one thing that the right is for. */
  readonly scope: pulumi.Input<string>;
}

/**
 * Gives a right. It can take ten minutes to count: who has it tries again for as long.
 *
 * The assignment's name follows from what it says, so that a lost state can't give the same right twice. Without `principalType`, Azure looks for an
 * identity that it may not know yet: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-template#new-service-principal
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

/** @throws RangeError if it isn't the id of a resource. */
export function subscriptionOf(resourceId: string): string {
  const subscription = /^\/subscriptions\/([^/]+)\//i.exec(resourceId)?.[1];
  if (!subscription) throw new RangeError(`not a resource id: ${resourceId}`);
  return subscription;
}
