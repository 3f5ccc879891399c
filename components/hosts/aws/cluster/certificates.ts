import type * as pulumi from "@pulumi/pulumi";
import { certManager, createIssuer } from "../../kubernetes-cluster/cert-manager.ts";
import { challengePolicy } from "../policies.ts";
import type { ClusterArgs } from "./findings.ts";
import { schedulingOf } from "./node-pool.ts";
import { createPodIdentity } from "./roles.ts";

/**
 * Installs cert-manager for a region with `tls: { mode: acme }`. Its identity can answer the challenge for the endpoint's name, and change no other record.
 * @param nodes what must exist before Pods can run
 * @param provider the provider of objects in the cluster
 * @returns what must exist before a certificate is requested
 */
export function createCertificates(
  args: ClusterArgs,
  clusterName: pulumi.Input<string>,
  nodes: readonly pulumi.Resource[],
  provider: pulumi.ProviderResource,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { plan, found } = args;
  const { challengeZone } = found;
  const { region } = plan;
  const { name, endpoint } = region;
  const { hostname, tls } = endpoint;
  if (tls.mode !== "acme" || !challengeZone) return [];
  const rights = challengePolicy(challengeZone.arn, hostname);
  const identity = createPodIdentity(
    args,
    { part: "cert-manager", clusterName, ...certManager, rights },
    options,
  );
  const issuer = createIssuer(
    name,
    {
      email: tls.email,
      solver: { dns01: { route53: { region: name, hostedZoneID: challengeZone.id } } },
      scheduling: schedulingOf(plan),
      nameServers: challengeZone.nameServers,
      after: [...identity, ...nodes],
    },
    { ...options, provider },
  );
  return [issuer];
}
