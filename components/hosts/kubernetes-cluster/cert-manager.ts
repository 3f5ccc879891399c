import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../config/schema.ts";
import { letsEncrypt } from "../../pod/acme.ts";

/** Whom a cloud gives the right to prove names. */
export const certManager = { namespace: "cert-manager", serviceAccount: "cert-manager" } as const;

/** Name of the ClusterIssuer that {@link createIssuer} makes. */
export const issuerName = "registry-cache";

export interface CertManagerOptions {
  /** Where its Pods run. @default anywhere */
  readonly scheduling?: KubernetesRegion["scheduling"] | undefined;
  /** Which it asks whether the proof of a name is there, as `host:port`, or by HTTPS. @default those of the zone that the cluster's network knows */
  readonly nameServers?: readonly string[] | undefined;
  /** Of the controller's service account, by which a cloud knows it. */
  readonly annotations?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /** Of the controller's Pods, the same. */
  readonly podLabels?: Readonly<Record<string, string>> | undefined;
}

export interface IssuerArgs extends CertManagerOptions {
  /** Where the authority may write to. */
  readonly email: string;
  /** How names are proved: https://cert-manager.io/docs/configuration/acme/dns01/ */
  readonly solver: Readonly<Record<"dns01", pulumi.Input<Readonly<Record<string, unknown>>>>>;
  /** What must be there when the controller starts: the identity that it is given then. */
  readonly after?: readonly pulumi.Resource[] | undefined;
}

/** For Kubernetes 1.33 to 1.36, and supported until 1.23 is there: https://cert-manager.io/docs/releases/ */
export const version = "v1.21.2";

/**
 * cert-manager in a cluster that has none, and its issuer of public certificates.
 *
 * @param options with a provider of the cluster.
 * @returns the issuer, which must be there before who needs it.
 */
export function createIssuer(
  name: string,
  { email, solver, after = [], ...chartOptions }: IssuerArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const namespace = new Namespace(
    `${name}-cert-manager`,
    {
      metadata: {
        name: certManager.namespace,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    options,
  );
  const release = new Release(
    `${name}-cert-manager`,
    {
      name: "cert-manager",
      namespace: namespace.metadata.name,
      chart: "oci://quay.io/jetstack/charts/cert-manager",
      version,
      values: chartValues(chartOptions),
      // A new cluster's first node is started for it.
      timeout: 900,
    },
    { ...options, dependsOn: [...after] },
  );
  return new CustomResource(
    `${name}-issuer`,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: issuerName },
      spec: {
        acme: {
          server: letsEncrypt,
          email,
          privateKeySecretRef: { name: `${issuerName}-acme-account` },
          solvers: [solver],
        },
      },
    },
    { ...options, dependsOn: [release] },
  );
}

/** What it needs for one certificate; without a limit of the processor, which would only slow it down. */
const resources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } };

/** Values of the chart: https://artifacthub.io/packages/helm/cert-manager/cert-manager/1.21.2 */
export function chartValues({ scheduling, nameServers, annotations, podLabels }: CertManagerOptions) {
  const component = {
    resources,
    ...(scheduling && {
      nodeSelector: { "kubernetes.io/os": "linux", ...scheduling.nodeSelector },
      tolerations: scheduling.tolerations,
    }),
  };
  return {
    crds: { enabled: true },
    ...component,
    ...(annotations && { serviceAccount: { annotations } }),
    ...(podLabels && { podLabels }),
    // https://cert-manager.io/docs/configuration/acme/dns01/#setting-nameservers-for-dns01-self-check
    ...(nameServers && {
      dns01RecursiveNameservers: nameServers.join(","),
      dns01RecursiveNameserversOnly: true,
    }),
    webhook: component,
    cainjector: component,
    // The release is there when this has seen that issuers are taken.
    startupapicheck: component,
  };
}
