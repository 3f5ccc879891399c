import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import { originCredentials } from "../../pod/origin.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { credentialsSecret, objectLabels, remoteWriteSecretName, storeSecret } from "./names.ts";
import type { WorkloadArgs } from "./workload-args.ts";

type SecretData = Readonly<Record<string, pulumi.Output<string>>>;

/** By the name that the template calls each. */
function secretData({
  upstreams,
  secrets: { credentials, remoteWriteCredentials },
  storeCredentials,
}: WorkloadArgs): Record<string, SecretData> {
  const ofUpstreams = upstreams.flatMap(({ name, credentials: key = "" }) => {
    const known = credentials[key];
    return known ? [[credentialsSecret(name), { credentials: known.apply(originCredentials) }] as const] : [];
  });
  return {
    ...Object.fromEntries(ofUpstreams),
    ...(remoteWriteCredentials && {
      [remoteWriteSecretName]: { credentials: remoteWriteCredentials.apply(remoteWriteSecret) },
    }),
    ...(storeCredentials && {
      [storeSecret]: {
        accessKey: storeCredentials.apply(({ username }) => username),
        secretKey: storeCredentials.apply(({ password }) => password),
      },
    }),
  };
}

/**
 * The Secrets that containers read when they start. They are immutable, and Pulumi ends their names in something random: so another content is another Secret, to which the
 * replicas move one by one, and no name or hash tells anything about it.
 *
 * @returns their names, by the name that the template calls each.
 */
export function createSecrets(
  name: string,
  args: WorkloadArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<Record<string, string>> {
  const { name: region, namespace } = args.region;
  const names = Object.entries(secretData(args)).map(([called, data]) => {
    const part = called.replace(/^registry-cache-/, "");
    const secret = new Secret(
      `${name}-${part}`,
      { metadata: { namespace, labels: objectLabels(region) }, immutable: true, stringData: data },
      options,
    );
    return [called, secret.metadata.name] as const;
  });
  return pulumi.output(Object.fromEntries(names));
}

/** The template with the Secrets' own names. */
export function withSecretNames(
  template: PodTemplateSpec,
  names: Readonly<Record<string, string>>,
): PodTemplateSpec {
  const { spec = { containers: [] } } = template;
  const containers = spec.containers.map(({ env = [], ...container }) => ({
    ...container,
    env: env.map(({ valueFrom, ...variable }) => {
      const reference = valueFrom?.secretKeyRef;
      if (!reference) return { ...variable, ...(valueFrom && { valueFrom }) };
      const { name = "" } = reference;
      return { ...variable, valueFrom: { secretKeyRef: { ...reference, name: names[name] ?? name } } };
    }),
  }));
  return { ...template, spec: { ...spec, containers } };
}
