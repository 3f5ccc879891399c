import type * as pulumi from "@pulumi/pulumi";
import { certManager, createIssuer } from "../../kubernetes-cluster/cert-manager.ts";
import { challengePolicy } from "../policies.ts";
import type { ClusterArgs } from "./findings.ts";
import { schedulingOf } from "./node-pool.ts";
import { createPodIdentity } from "./roles.ts";

export interface CertificatesArgs {
  readonly clusterName: pulumi.Input<string>;
  /** Resources that must exist before Pods can run. */
  readonly nodes: readonly pulumi.Resource[];
  /** The provider of objects in the cluster. */
  readonly provider: pulumi.ProviderResource;
}

/**
 * Installs cert-manager for a region with `tls: { mode: acme }`. Its identity can answer the challenge for the endpoint's name, and change no other record.
 * @returns what must exist before a certificate is requested
 */
export function createCertificates(
  name: string,
  args: ClusterArgs,
  { clusterName, nodes, provider }: CertificatesArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { plan, found } = args;
  const { challengeZone } = found;
  const { region } = plan;
  const { hostname, tls } = region.endpoint;
  if (tls.mode !== "acme" || !challengeZone) return [];
  const rights = challengePolicy(challengeZone.arn, hostname);
  const identity = createPodIdentity(
    name,
    args,
    { part: "cert-manager", clusterName, ...certManager, rights },
    options,
  );
  const issuer = createIssuer(
    name,
    {
      email: tls.email,
      solver: { dns01: { route53: { region: region.name, hostedZoneID: challengeZone.id } } },
      scheduling: schedulingOf(plan),
      nameServers: challengeZone.nameServers,
      after: [...identity, ...nodes],
    },
    { ...options, provider },
  );
  return [issuer];
}
