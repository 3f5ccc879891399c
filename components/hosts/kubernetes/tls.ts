import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import { createAuthority, type PrivateAuthority } from "../private-authority.ts";
import { tlsSecretOf, workloadMetadata } from "./names.ts";
import { PrivateCertificate } from "./private-certificate.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** For a region with an authority of its own: the authority, and the Secret with a certificate by it. */
export function createPrivateTls(
  name: string,
  region: WorkloadRegion,
  own: pulumi.CustomResourceOptions,
  inNamespace: pulumi.CustomResourceOptions,
): { readonly authority: PrivateAuthority; readonly secret: Secret } | undefined {
  const authority = createAuthority(name, region, own);
  if (!authority) return undefined;
  const { hostname } = region.endpoint;
  const certificate = new PrivateCertificate(
    name,
    { hostname, authorityCertificate: authority.certificate, authorityKey: pulumi.secret(authority.key) },
    own,
  );
  const secret = new Secret(
    `${name}-tls`,
    {
      metadata: { ...workloadMetadata(region), name: tlsSecretOf(region.endpoint) },
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
