import { type Cloud, everywhere, type Rules, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt } from "../values.ts";
import { groupId, resourceId, subscriptionId, tenantId, types } from "./account.ts";
import { resource } from "./resource.ts";

export const userIdentity = "azure-native:managedidentity:UserAssignedIdentity";
export const roleAssignment = "azure-native:authorization:RoleAssignment";

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const roles = [
  // DNS Zone Contributor, Key Vault Secrets User
  "befefa01-2a29-4197-83a8-272ff33ce314",
  "4633458b-17de-408a-b874-0445c86b69e6",
  // Network Contributor
  "4d97b98b-1d4f-4787-a291-c67834d212e7",
  // Reader
  "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  // Storage Blob Data Contributor, Storage Blob Delegator
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
];

/** Deleted vaults and secrets, which hold their names. All of Azure shares the names of vaults. */
const softDeleted = "soft-deleted";

/**
 * Deletes a vault or a secret as its owners do by hand. Azure keeps the content for days, but not the rights on it:
 * https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
 */
export function softDelete(cloud: Cloud, thing: Thing): void {
  const gone = cloud.things().filter(({ id }) => id === thing.id || id.startsWith(`${thing.id}/`));
  for (const it of gone) cloud.remove(it);
  const kept = gone.filter(({ type }) => type !== roleAssignment);
  cloud.keep({ ...deletedFrom(thing), inputs: {}, outputs: { kept } });
}

/** Does what `az keyvault recover` and `az keyvault secret recover` do. */
export function recover(cloud: Cloud, thing: Thing): void {
  const found = cloud.find(softDeleted, deletedFrom(thing).id, everywhere);
  demand(found, "NotFound", `${thing.id} isn't deleted`);
  cloud.remove(found);
  for (const it of found.outputs.kept as Thing[]) cloud.keep(it);
}

function deletedFrom({ inputs }: Pick<Thing, "inputs">): Pick<Thing, "type" | "id" | "scope"> {
  const { vaultName, secretName } = inputs;
  return { type: softDeleted, id: [vaultName, secretName].filter(Boolean).join("/"), scope: everywhere };
}

function isSoftDeleted(cloud: Cloud, inputs: Inputs): boolean {
  return cloud.find(softDeleted, deletedFrom({ inputs }).id, everywhere) !== undefined;
}

export const identityRules: Readonly<Record<string, Rules>> = {
  [types.resourceGroup]: {
    replacing: ["resourceGroupName", "location"],
    check(inputs) {
      const valid = /^[\w.()-]{0,89}[\w()-]$/.test(text("resourceGroupName", inputs));
      demand(valid, "InvalidResourceGroup", `resource group '${inputs.resourceGroupName}'`);
    },
    create({ inputs }) {
      return { id: groupId(text("resourceGroupName", inputs)), outputs: { name: inputs.resourceGroupName } };
    },
  },

  [userIdentity]: resource(
    {
      kind: "Microsoft.ManagedIdentity/userAssignedIdentities",
      name: "resourceName",
      pattern: /^[a-z0-9][\w-]{2,127}$/i,
    },
    {
      create({ cloud }) {
        const uuid = () => `0e37df36-f698-4f2c-8a6f-${cloud.digits(12)}`;
        return { id: "", outputs: { principalId: uuid(), clientId: uuid(), tenantId } };
      },
    },
  ),

  [roleAssignment]: {
    // The provider tries to change a role in place, and Azure refuses.
    replacing: ["principalId", "scope", "roleAssignmentName"],
    fixed: ["roleDefinitionId", "principalType"],
    check(inputs) {
      const isUuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text("roleAssignmentName", inputs));
      demand(
        isUuid,
        "InvalidRoleAssignmentId",
        `The role assignment ID '${inputs.roleAssignmentName}' is not valid.`,
      );
      const role =
        /^\/subscriptions\/([^/]+)\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/.exec(
          text("roleDefinitionId", inputs),
        );
      const known = role?.[1] === subscriptionId && roles.includes(role[2] ?? "");
      demand(known, "RoleDefinitionDoesNotExist", `there is no role ${inputs.roleDefinitionId}`);
      // Without principalType, Azure doesn't find a new identity for a while.
      demand(
        inputs.principalType === "ServicePrincipal",
        "PrincipalNotFound",
        "Principal does not exist in the directory",
      );
    },
    admit({ cloud, inputs }) {
      const principal = cloud
        .things(userIdentity)
        .find((it) => it.outputs.principalId === inputs.principalId);
      demand(
        principal,
        "PrincipalNotFound",
        `Principal ${inputs.principalId} does not exist in the directory`,
      );
      const kinds = [types.secret, types.resourceGroup, types.virtualNetwork, types.encryptionSet];
      const existing = kinds.flatMap((it) => cloud.things(it));
      // A subnet is part of its network's record.
      const scope = text("scope", inputs).replace(/\/subnets\/[^/]+$/, "");
      const target = [...cloud.things(), ...existing].find((it) => it.id === scope);
      demand(target, "ResourceNotFound", `there is no ${inputs.scope}`);
      const said = ({ inputs: it }: Pick<Thing, "inputs">) =>
        [it.scope, it.principalId, it.roleDefinitionId].join();
      const same = cloud.things(roleAssignment).some((it) => said(it) === said({ inputs }));
      demand(!same, "RoleAssignmentExists", "The role assignment already exists.");
    },
    create: ({ inputs }) => ({
      id: `${inputs.scope}/providers/Microsoft.Authorization/roleAssignments/${inputs.roleAssignmentName}`,
    }),
  },

  [types.vault]: resource(
    {
      kind: "Microsoft.KeyVault/vaults",
      name: "vaultName",
      pattern: /^(?=.{3,24}$)(?!.*--)[a-z][a-z0-9-]*[a-z0-9]$/i,
    },
    {
      check(inputs) {
        const properties = valueAt("properties", inputs) as Inputs;
        demand(properties.tenantId === tenantId, "BadRequest", `tenant ${properties.tenantId}`);
        demand(properties.enableRbacAuthorization === true, "BadRequest", "accessPolicies or RBAC is needed");
        const days = Number(properties.softDeleteRetentionInDays ?? 90);
        demand(days >= 7 && days <= 90, "BadRequest", `softDeleteRetentionInDays ${days}`);
      },
      admit({ cloud, inputs }) {
        demand(
          !isSoftDeleted(cloud, inputs),
          "ConflictError",
          "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault.",
        );
      },
      create: ({ inputs }) => ({
        id: "",
        outputs: {
          properties: {
            ...(inputs.properties as Inputs),
            vaultUri: `https://${inputs.vaultName}.vault.azure.net/`,
          },
        },
      }),
      delete: (thing, cloud) => softDelete(cloud, thing),
    },
  ),

  [types.secret]: {
    replacing: ["resourceGroupName", "vaultName", "secretName"],
    unread: ["properties.value"],
    references: [
      {
        at: "vaultName",
        to: types.vault,
        id: (name, request) => resourceId(request, "Microsoft.KeyVault/vaults", name),
        onDelete: "delete",
      },
    ],
    check(inputs) {
      demand(
        /^[0-9A-Za-z-]{1,127}$/.test(text("secretName", inputs)),
        "BadParameter",
        `secret ${inputs.secretName}`,
      );
      const size = Buffer.byteLength(text("properties.value", inputs));
      demand(size >= 1 && size <= 25_000, "BadParameter", `the secret has ${size} bytes`);
    },
    admit({ cloud, inputs }) {
      demand(
        !isSoftDeleted(cloud, inputs),
        "Conflict",
        `Secret ${inputs.secretName} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
      );
    },
    create(request) {
      const { secretName, vaultName, properties } = request.inputs;
      const { value: _, ...open } = properties as Inputs;
      const vault = resourceId(request, "Microsoft.KeyVault/vaults", vaultName);
      // Azure doesn't return the value again.
      return { id: `${vault}/secrets/${secretName}`, outputs: { name: secretName, properties: open } };
    },
    // Uses the vault's data plane, on which neither Owner nor Contributor has a right: https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    delete: () => demand(false, "Forbidden", "The user does not have secrets delete permission"),
  },
};
