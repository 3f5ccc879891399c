import { Secret } from "@pulumi/azure-native/keyvault/secret.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PrivateAuthority } from "../vm/private-authority.ts";
import { type StoredSecrets, secretValues } from "../vm/secrets.ts";
import { grant } from "./identity.ts";
import { vaultName } from "./naming.ts";
import type { Place } from "./place.ts";
import type { VmHostArgs } from "./vm-args.ts";

export interface SecretsArgs {
  readonly place: Place;
  readonly identity: UserAssignedIdentity;
  readonly authority: PrivateAuthority | undefined;
}

/** The secrets that the machine reads when it starts. */
export interface Secrets {
  /** Resource ids. */
  readonly stored: StoredSecrets<pulumi.Output<string>>;
  /** The machine's rights, which it should have when it starts. */
  readonly rights: readonly pulumi.Resource[];
}

/**
 * Stores the stack's secrets in a vault of the region, and lets the machine read these, and the certificate that is in a vault already: one by one, no vault as a
 * whole.
 */
export function createSecrets(
  name: string,
  args: VmHostArgs,
  { place, identity, authority }: SecretsArgs,
  options: pulumi.CustomResourceOptions,
): Secrets {
  const { tls } = args.region.endpoint;
  const values = Object.entries(secretValues(args, authority));
  const vault = values.length > 0 ? createVault(name, { place, identity }, options) : undefined;
  const stored = vault ? values.map(([secret, value]) => [secret, store(secret, value, vault)] as const) : [];
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

  function store(secret: string, value: pulumi.Output<string>, vault: Vault): pulumi.Output<string> {
    const { id } = new Secret(
      `${name}-${secret}`,
      {
        resourceGroupName: place.resourceGroupName,
        vaultName: vault.name,
        secretName: secret,
        properties: { value },
        tags: place.tags,
      },
      // Deleting one takes rights on the vault's content, which who deploys may not have; with the vault, it goes anyway.
      { ...options, deletedWith: vault },
    );
    return id;
  }
}

/**
 * A vault that rights protect. It can be reached from everywhere, its default: a firewall would also have to let in Azure's own deployment service, from which the
 * secrets come.
 */
function createVault(
  name: string,
  { place, identity }: Pick<SecretsArgs, "place" | "identity">,
  options: pulumi.CustomResourceOptions,
): Vault {
  return new Vault(
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
}
