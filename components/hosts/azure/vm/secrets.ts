import { Secret } from "@pulumi/azure-native/keyvault/secret.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import type { PrivateAuthority } from "../../private-authority.ts";
import { removedSecret, type StoredSecrets, secretValues } from "../../vm/secrets.ts";
import { createDiagnostics, demandReachable } from "../governance.ts";
import { grant } from "../identity.ts";
import { vaultName } from "../naming.ts";
import type { Place } from "../place.ts";
import type { PlacedVm } from "./findings.ts";

/** The secrets that the machine reads. */
export interface Secrets {
  /** Resource ids of the secrets in the vault. */
  readonly stored: StoredSecrets<pulumi.Output<string>>;
  /** The machine's rights. They should exist when it starts. */
  readonly rights: readonly pulumi.Resource[];
}

/**
 * Stores the stack's secrets in a vault of the region. Gives the machine rights to read each of them, and the certificate in an existing vault. It gets no right on a whole
 * vault.
 *
 * A secret that is no longer configured stays in the vault, but loses its value. The identity that deploys can write secrets with its right on the vault. A deletion needs
 * a right on the vault's content (`secrets/delete`), which even the vault's owner lacks:
 * https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/resources/customresources/custom_keyvault.go
 * https://learn.microsoft.com/azure/key-vault/general/rbac-guide
 *
 * Also, a deleted secret would block its name for days, and a forgotten one (`retainOnDelete`) forever: the provider doesn't create a secret that exists.
 */
export function createSecrets(
  { plan, place, found, secrets }: PlacedVm,
  identity: UserAssignedIdentity,
  authority: PrivateAuthority | undefined,
  options: pulumi.CustomResourceOptions,
): Secrets {
  const { name, endpoint } = plan.region;
  const { tls } = endpoint;
  const values = secretValues(plan, secrets, authority);
  const removed = found.previous.secrets.filter((secret) => values[secret] === undefined);
  const wanted = Object.entries(values);
  const vault = wanted.length + removed.length > 0 ? createVault(name, place, identity, options) : undefined;
  if (vault) createDiagnostics(plan, "vault", vault.id, options);
  const stored = vault ? wanted.map(([secret, value]) => [secret, store(secret, value, vault)] as const) : [];
  if (vault) for (const secret of removed) store(secret, removedSecret, vault);
  const readable = [
    ...stored,
    ...(tls.mode === "provided" ? [["certificate", tls.secretName] as const] : []),
  ];
  return {
    stored: Object.fromEntries(stored),
    rights: readable.map(([secret, scope]) =>
      grant(`${name}-${secret}`, { identity, role: "keyVaultSecretsUser", scope }, options),
    ),
  };

  function store(secret: string, value: pulumi.Input<string>, vault: Vault): pulumi.Output<string> {
    const { id } = new Secret(
      `${name}-${secret}`,
      {
        resourceGroupName: place.resourceGroupName,
        vaultName: vault.name,
        secretName: secret,
        properties: { value },
        tags: place.tags,
      },
      // Deleted with the vault only.
      { ...options, deletedWith: vault },
    );
    return id;
  }
}

/** Creates a vault that is protected by rights. Every network can reach it, which is Azure's default. */
function createVault(
  name: string,
  place: Place,
  identity: UserAssignedIdentity,
  options: pulumi.CustomResourceOptions,
): Vault {
  const vault = new Vault(
    name,
    {
      ...place,
      vaultName: identity.principalId.apply(vaultName),
      properties: {
        tenantId: identity.tenantId,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 7,
        enablePurgeProtection: true,
        publicNetworkAccess: "Enabled",
      },
    },
    options,
  );
  pulumi.all([vault.name, vault.properties]).apply(([vaultName, { networkAcls: rules, ...access }]) => {
    demandReachable("vault", vaultName, { ...access, rules });
  });
  return vault;
}
