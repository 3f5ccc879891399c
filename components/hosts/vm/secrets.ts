import * as pulumi from "@pulumi/pulumi";
import { originCredentials } from "../../pod/origin.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import type { HostArgs, HostPlanArgs } from "../host.ts";
import type { PrivateAuthority } from "./private-authority.ts";
import type { VmRegion } from "./vm.ts";

/**
 * Secrets of the stack that a machine reads when it starts, from the cloud's store, where the stack puts them. Each is known by what it is: `remote-write`,
 * `authority`, and per upstream {@link credentialsOf}. A new value is an update in place, which the cache sees when it starts again.
 */
export type StoredSecrets<Value> = Readonly<Record<string, Value>>;

export const remoteWrite = "remote-write";

/** Certificate and key of the authority for `tls: { mode: private }`. */
export const authority = "authority";

export function credentialsOf(upstream: string): string {
  return `credentials-${upstream}`;
}

/** Those that a stack has, with what `nameOf` makes of each. */
export function storedSecrets<Value>(
  { upstreams, monitoring, region }: HostPlanArgs<VmRegion>,
  nameOf: (secret: string) => Value,
): StoredSecrets<Value> {
  const secrets = [
    ...upstreams
      .filter(({ credentials }) => credentials !== undefined)
      .map(({ name }) => credentialsOf(name)),
    ...(monitoring.remoteWrite?.credentials === undefined ? [] : [remoteWrite]),
    ...(region.endpoint.tls.mode === "private" ? [authority] : []),
  ];
  return Object.fromEntries(secrets.map((secret) => [secret, nameOf(secret)]));
}

/** The values, in the form that their readers on the machine take. */
export function secretValues(
  args: HostArgs<VmRegion>,
  privateAuthority: PrivateAuthority | undefined,
): StoredSecrets<pulumi.Output<string>> {
  const values: StoredSecrets<pulumi.Output<string> | undefined> = {
    ...Object.fromEntries(
      args.upstreams.map(({ name, credentials: key = "" }) => [
        credentialsOf(name),
        args.credentials[key]?.apply(originCredentials),
      ]),
    ),
    [remoteWrite]: args.remoteWriteCredentials?.apply(remoteWriteSecret),
    [authority]: privateAuthority?.pem,
  };
  return storedSecrets(args, (secret) => {
    const value = values[secret];
    if (!value) throw new pulumi.RunError(`${args.region.name}: the secret ${secret} is missing`);
    return value;
  });
}
