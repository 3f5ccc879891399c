import { Secret } from "@pulumi/azure-native/keyvault/secret.js";
import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { originCredentials } from "../../pod/origin.ts";
import { grant } from "./identity.ts";
import { credentialsSecretName, vaultName } from "./naming.ts";
import type { Place } from "./place.ts";
import type { VmHostArgs } from "./vm-args.ts";

export interface SecretsArgs {
  readonly place: Place;
  readonly identity: UserAssignedIdentity;
}

/** The secrets that the machine reads when it starts. */
export interface Secrets {
  /** The resource id of each upstream's credentials, by the upstream's name. */
  readonly credentials: Readonly<Record<string, pulumi.Output<string>>>;
  /** The machine's rights, which it should have when it starts. */
  readonly rights: readonly pulumi.Resource[];
}

/**
 * Stores the upstreams' credentials in a vault of the region, in the form that an origin reads, and lets the machine read these, and the certificate that is in a
 * vault already: one by one, no vault as a whole. A new password is an update in place, which the cache sees when it starts again.
 */
export function createSecrets(
  name: string,
  args: VmHostArgs,
  { place, identity }: SecretsArgs,
  options: pulumi.CustomResourceOptions,
): Secrets {
  const { tls } = args.region.endpoint;
  const stored = storeCredentials(name, args, { place, identity }, options);
  const readable = [
    ...stored.map(({ upstream, id }) => ({ what: `credentials-${upstream}`, id })),
    ...(tls.mode === "provided" ? [{ what: "certificate", id: tls.secretName }] : []),
  ];
  return {
    credentials: Object.fromEntries(stored.map(({ upstream, id }) => [upstream, id])),
    rights: readable.map(({ what, id }) =>
      grant(`${name}-${what}`, { identity, role: "keyVaultSecretsUser", scope: id }, options),
    ),
  };
}

function storeCredentials(
  name: string,
  { upstreams, credentials }: VmHostArgs,
  { place, identity }: SecretsArgs,
  options: pulumi.CustomResourceOptions,
): { upstream: string; id: pulumi.Output<string> }[] {
  const users = upstreams.filter((upstream) => upstream.credentials !== undefined);
  if (users.length === 0) return [];
  const vault = createVault(name, { place, identity }, options);
  return users.map(({ name: upstream, credentials: key = "" }) => {
    const known = credentials[key];
    if (!known) throw new pulumi.RunError(`${key}: the credentials of upstream ${upstream} are missing`);
    const { id } = new Secret(
      `${name}-${upstream}`,
      {
        resourceGroupName: place.resourceGroupName,
        vaultName: vault.name,
        secretName: credentialsSecretName(upstream),
        properties: { contentType: "application/json", value: known.apply(originCredentials) },
        tags: place.tags,
      },
      // Deleting one takes rights on the vault's content, which who deploys may not have; with the vault, it goes anyway.
      { ...options, deletedWith: vault },
    );
    return { upstream, id };
  });
}

/**
 * A vault that rights protect. It can be reached from everywhere, its default: a firewall would also have to let in Azure's own deployment service, from which the
 * secrets come.
 */
function createVault(
  name: string,
  { place, identity }: SecretsArgs,
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
