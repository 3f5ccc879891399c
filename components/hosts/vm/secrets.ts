import * as pulumi from "@pulumi/pulumi";
import type { Secrets } from "../../config/credentials.ts";
import type { VmRegion } from "../../config/schema.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { credentialsSecret, remoteWrite } from "../../pod/secrets.ts";
import { upstreamSecret } from "../../pod/upstream-secret.ts";
import type { RegionPlan } from "../kind.ts";
import type { PrivateAuthority } from "../private-authority.ts";

/**
 * Secrets of the stack that a machine follows, from the cloud's store, where the stack puts them. Each is known by what it is: `remote-write`,
 * `authority`, and per upstream {@link credentialsSecret}. A new value is an update in place, which the machine takes up within minutes.
 */
export type StoredSecrets<Value> = Readonly<Record<string, Value>>;

/** Certificate and key of the authority for `tls: { mode: private }`. */
export const authority = "authority";

/** What a cloud that deletes no secret has in place of one that isn't configured any more. machine.sh leaves a Pod that still has it what it had. */
export const removedSecret = "removed";

type SecretsPlan = Pick<RegionPlan<VmRegion>, "upstreams" | "monitoring" | "region">;

/** Those that a stack has, with what `nameOf` makes of each. */
export function storedSecrets<Value>(
  { upstreams, monitoring, region }: SecretsPlan,
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

/** The values, in the form that their readers on the machine take. */
export function secretValues(
  plan: SecretsPlan,
  secrets: Secrets,
  privateAuthority: PrivateAuthority | undefined,
): StoredSecrets<pulumi.Output<string>> {
  const values: StoredSecrets<pulumi.Output<string> | undefined> = {
    ...Object.fromEntries(
      plan.upstreams.map((upstream) => [
        credentialsSecret(upstream.name),
        secrets.credentials[upstream.credentials ?? ""]?.apply((known) => upstreamSecret(upstream, known)),
      ]),
    ),
    [remoteWrite]: secrets.remoteWriteCredentials?.apply(remoteWriteSecret),
    [authority]: privateAuthority?.pem,
  };
  return storedSecrets(plan, (secret) => {
    const value = values[secret];
    if (!value) throw new pulumi.RunError(`${plan.region.name}: the secret ${secret} is missing`);
    return value;
  });
}
