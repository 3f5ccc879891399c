import { everywhere, type Rules, type Thing } from "../cloud.ts";
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

/** Deleted vaults that still hold their names: they are soft-deleted, and all of Azure shares the names. */
const takenVaults = "deleted vault";

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
        const name = text("vaultName", inputs);
        const taken = cloud.find(takenVaults, name, everywhere);
        demand(!taken, "VaultAlreadyExists", `The vault name '${name}' is already in use.`);
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
      delete({ inputs }, cloud) {
        cloud.keep({
          type: takenVaults,
          id: text("vaultName", inputs),
          scope: everywhere,
          inputs,
          outputs: {},
        });
      },
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
