import type * as pulumi from "@pulumi/pulumi";
import { certManager, createIssuer } from "../../kubernetes-cluster/cert-manager.ts";
import { challengePolicy } from "../policies.ts";
import type { ClusterArgs } from "./findings.ts";
import { schedulingOf } from "./node-pool.ts";
import { createPodIdentity } from "./roles.ts";

export interface CertificatesArgs {
  readonly clusterName: pulumi.Input<string>;
  /** What must be there for Pods to run. */
  readonly nodes: readonly pulumi.Resource[];
  /** Of the cluster. */
  readonly provider: pulumi.ProviderResource;
}

/**
 * cert-manager for a region with `tls: { mode: acme }`; by its identity it can prove the endpoint's name, and touch no other record.
 * @returns what must be there before a certificate is asked for.
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
