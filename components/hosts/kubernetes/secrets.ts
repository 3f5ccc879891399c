import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import { secretFiles } from "../../pod/secret-files.ts";
import { secretFile } from "../../pod/secrets.ts";
import { DynamicResource, providerText } from "../dynamic-resource.ts";
import { createAuthority, type PrivateAuthority } from "../private-authority.ts";
import { objectLabels, podSecretName, storeSecret, tlsSecretOf, workloadMetadata } from "./names.ts";
import type { PrivateCertificateInputs } from "./private-certificate-provider.ts";
import type { WorkloadArgs, WorkloadRegion } from "./workload-args.ts";

/** The Secrets that containers read as files. After a rotation, the same Secret has new content, which kubelet writes into the running Pods within two minutes. */
export function createFollowedSecrets(
  name: string,
  { region, secrets, ...plan }: WorkloadArgs,
  options: pulumi.CustomResourceOptions,
): Secret[] {
  return Object.entries(secretFiles(plan, secrets)).map(([secret, value]) => {
    const metadata = { ...workloadMetadata(region), name: podSecretName(secret) };
    return new Secret(`${name}-${secret}`, { metadata, stringData: { [secretFile]: value } }, options);
  });
}

/**
 * The Secret with the keys of an S3-compatible store, which registries read only at their start. It is immutable, and Pulumi appends a random suffix to its name. New keys therefore
 * create another Secret, and the replicas switch to it one by one. Neither the name nor a hash reveals anything about the keys.
 *
 * @returns the Secret's name, which {@link withStoreSecret} puts into the template
 */
export function createStoreSecret(
  name: string,
  { region, storeCredentials }: WorkloadArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (!storeCredentials) return undefined;
  const secret = new Secret(
    `${name}-bucket`,
    {
      metadata: { namespace: region.namespace.name, labels: objectLabels(region.name) },
      immutable: true,
      stringData: {
        accessKey: storeCredentials.apply(({ username }) => username),
        secretKey: storeCredentials.apply(({ password }) => password),
      },
    },
    options,
  );
  return secret.metadata.name;
}

/** The template with the Secret's actual name instead of {@link storeSecret}. */
export function withStoreSecret(template: PodTemplateSpec, name: string): PodTemplateSpec {
  const { spec = { containers: [] } } = template;
  const containers = spec.containers.map(({ env = [], ...container }) => ({
    ...container,
    env: env.map(({ valueFrom, ...variable }) => {
      const reference = valueFrom?.secretKeyRef;
      if (reference?.name !== storeSecret) return { ...variable, ...(valueFrom && { valueFrom }) };
      return { ...variable, valueFrom: { secretKeyRef: { ...reference, name } } };
    }),
  }));
  return { ...template, spec: { ...spec, containers } };
}

/** For a region with a private authority: the authority, and the Secret with a certificate that it issues. */
export function createPrivateTls(
  region: WorkloadRegion,
  own: pulumi.CustomResourceOptions,
  inNamespace: pulumi.CustomResourceOptions,
): { readonly authority: PrivateAuthority; readonly secret: Secret } | undefined {
  const authority = createAuthority(region, own);
  if (!authority) return undefined;
  const { name, endpoint } = region;
  const { hostname } = endpoint;
  const certificate = new PrivateCertificate(
    name,
    { hostname, authorityCertificate: authority.certificate, authorityKey: pulumi.secret(authority.key) },
    own,
  );
  const secret = new Secret(
    // Pulumi's name also differs from the one that the Secret had before. As a replacement of that Secret, it would take it along when a failed update is taken back.
    `${name}-private-tls`,
    {
      metadata: { ...workloadMetadata(region), name: tlsSecretOf(endpoint) },
      type: "kubernetes.io/tls",
      stringData: {
        "ca.crt": authority.certificate,
        "tls.crt": certificate.certificate,
        "tls.key": pulumi.secret(certificate.key),
      },
    },
    inNamespace,
  );
  return { authority, secret };
}

type Provider = typeof import("./private-certificate-provider.ts");

const provider = providerText<Provider>(import.meta.url, "private-certificate-provider", {
  create: (module, inputs) => module.create(inputs),
  diff: (module, _id, olds, news) => module.diff(olds, news),
  update: (module, _id, _olds, news) => module.update(news),
});

/** A server certificate by a private authority. The first `pulumi up` in the last third of its lifetime renews it. */
class PrivateCertificate extends DynamicResource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly [Name in keyof PrivateCertificateInputs]: pulumi.Input<string> },
    options: pulumi.CustomResourceOptions,
  ) {
    super(
      provider,
      "kubernetes:PrivateCertificate",
      name,
      { ...args, certificate: undefined, key: undefined, renewFrom: undefined },
      { ...options, additionalSecretOutputs: ["key", "authorityKey"] },
    );
  }
}
