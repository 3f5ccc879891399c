import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../config/schema.ts";
import { letsEncrypt } from "../../pod/acme.ts";

/** The service account of cert-manager. A cloud lets it answer DNS-01 challenges. */
export const certManager = { namespace: "cert-manager", serviceAccount: "cert-manager" } as const;

/** Name of the ClusterIssuer that {@link createIssuer} creates. */
export const issuerName = "registry-cache";

export interface CertManagerOptions {
  /** Placement of cert-manager's Pods. @default any node */
  readonly scheduling?: KubernetesRegion["scheduling"] | undefined;
  /** Name servers that cert-manager asks whether a challenge is visible: `host:port`, or an HTTPS URL. @default the zone's name servers, as found through the cluster's network */
  readonly nameServers?: readonly string[] | undefined;
  /** Annotations of the controller's service account, which give it an identity in a cloud. */
  readonly annotations?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /** Labels of the controller's Pods, for the same purpose. */
  readonly podLabels?: Readonly<Record<string, string>> | undefined;
}

export interface IssuerArgs extends CertManagerOptions {
  /** Contact address for the certificate authority. */
  readonly email: string;
  /** How challenges are answered: https://cert-manager.io/docs/configuration/acme/dns01/ */
  readonly solver: Readonly<Record<"dns01", pulumi.Input<Readonly<Record<string, unknown>>>>>;
  /** Resources that must exist when the controller starts, because it gets its cloud identity at that time. */
  readonly after?: readonly pulumi.Resource[] | undefined;
}

/** Supports Kubernetes 1.33 to 1.36. Supported until 1.23 is released: https://cert-manager.io/docs/releases/ */
export const version = "v1.21.2";

/** Pulumi fetches it where it runs, also for a preview. */
export const chart = "oci://quay.io/jetstack/charts/cert-manager";

/**
 * Installs cert-manager in a cluster that has none, and creates an issuer of public certificates.
 *
 * @param options with a provider of the cluster
 * @returns the issuer. Everything that needs it must depend on it.
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
      chart,
      version,
      values: chartValues(chartOptions),
      // Seconds. The release may have to wait for a new cluster's first node.
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

/** Enough for one certificate. There is no CPU limit, because it would only slow cert-manager down. */
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
    // The release is complete only when this check has found that the API accepts cert-manager's objects.
    startupapicheck: component,
  };
}
