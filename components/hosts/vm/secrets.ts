import type * as pulumi from "@pulumi/pulumi";
import type { Secrets } from "../../config/credentials.ts";
import { secretFiles } from "../../pod/secret-files.ts";
import { credentialsSecret, remoteWrite } from "../../pod/secrets.ts";
import type { RegionPlan } from "../kind.ts";
import type { PrivateAuthority } from "../private-authority.ts";

/**
 * The stack's secrets in the cloud's store, which a machine follows. The keys are `remote-write`, `authority`, and {@link credentialsSecret} of each upstream. A new
 * value updates the stored secret in place, and the machine applies it within minutes.
 */
export type StoredSecrets<Value> = Readonly<Record<string, Value>>;

/** Certificate and key of the authority for `tls: { mode: private }`. */
export const authority = "authority";

/** The value of a secret that is no longer configured, in a cloud that can't delete it. A Pod that still uses the secret keeps its last value: see machine.sh. */
export const removedSecret = "removed";

/** The secrets that the configuration needs, each with the result of `nameOf`. */
export function storedSecrets<Value>(
  { upstreams, monitoring, region }: Pick<RegionPlan, "upstreams" | "monitoring" | "region">,
  nameOf: (secret: string) => Value,
): StoredSecrets<Value> {
  const secrets = [
    ...upstreams
      .filter(({ credentials }) => credentials !== undefined)
      .map(({ name }) => credentialsSecret(name)),
    ...(monitoring.remoteWrite?.credentials === undefined ? [] : [remoteWrite]),
    ...(region.endpoint.tls.mode === "private" ? [authority] : []),
  ];
  return Object.fromEntries(secrets.map((secret) => [secret, nameOf(secret)]));
}

/** The values of {@link storedSecrets}. */
export function secretValues(
  plan: Pick<RegionPlan, "upstreams" | "monitoring">,
  secrets: Secrets,
  privateAuthority: PrivateAuthority | undefined,
): StoredSecrets<pulumi.Output<string>> {
  return {
    ...secretFiles(plan, secrets),
    ...(privateAuthority && { [authority]: privateAuthority.pem }),
  };
}
