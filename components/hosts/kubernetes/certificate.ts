import { type CustomObject, tlsSecretOf, workloadMetadata } from "./names.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/**
 * For a region whose certificate is cert-manager's to get and to renew:
 * https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
 */
export function certificate(region: WorkloadRegion): CustomObject<"Certificate"> | undefined {
  const { hostname, tls } = region.endpoint;
  if (tls.mode !== "issuer") return undefined;
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: workloadMetadata(region),
    spec: {
      secretName: tlsSecretOf(region.endpoint),
      dnsNames: [hostname],
      issuerRef: { group: "cert-manager.io", kind: tls.kind, name: tls.name },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  };
}
