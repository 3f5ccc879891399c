import { Secret } from "@pulumi/azure-native/keyvault/secret.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PrivateAuthority } from "../../private-authority.ts";
import { removedSecret, type StoredSecrets, secretValues } from "../../vm/secrets.ts";
import { createDiagnostics } from "../governance.ts";
import { grant } from "../identity.ts";
import { vaultName } from "../naming.ts";
import type { Place } from "../place.ts";
import type { VmArgs } from "./findings.ts";

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
 *
 * One that the configuration no longer has stays in the vault without its value: whoever deploys may write a secret, by the right on the vault, but not delete it, which takes
 * a right on the vault's content (`secrets/delete`), even for its owner:
 * https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/resources/customresources/custom_keyvault.go
 * https://learn.microsoft.com/azure/key-vault/general/rbac-guide
 *
 * A deleted one would also hold its name for days, and one that is only forgotten (`retainOnDelete`) for ever: the provider doesn't create what it finds.
 */
export function createSecrets(
  name: string,
  { plan, found, secrets }: VmArgs,
  { place, identity, authority }: SecretsArgs,
  options: pulumi.CustomResourceOptions,
): Secrets {
  const { tls } = plan.region.endpoint;
  const values = secretValues(plan, secrets, authority);
  const removed = found.previous.secrets.filter((secret) => values[secret] === undefined);
  const wanted = Object.entries(values);
  const vault =
    wanted.length + removed.length > 0 ? createVault(name, { place, identity }, options) : undefined;
  if (vault) createDiagnostics(name, plan, "vault", vault.id, options);
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
      // Not deleted by itself.
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
