import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { objectLabels, tlsSecretOf, workloadName } from "./names.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate */
export interface Certificate {
  readonly apiVersion: "cert-manager.io/v1";
  readonly kind: "Certificate";
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

/** For a region whose certificate is cert-manager's to get and to renew. */
export function certificate(region: WorkloadRegion): Certificate | undefined {
  const { hostname, tls } = region.endpoint;
  if (tls.mode !== "issuer") return undefined;
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: workloadName, namespace: region.namespace, labels: objectLabels(region.name) },
    spec: {
      secretName: tlsSecretOf(region.endpoint),
      dnsNames: [hostname],
      issuerRef: { group: "cert-manager.io", kind: tls.kind, name: tls.name },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  };
}
