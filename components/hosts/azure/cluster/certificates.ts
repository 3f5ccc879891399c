import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { certManager, createIssuer } from "../../kubernetes-cluster/cert-manager.ts";
import { challengeZone } from "../endpoint.ts";
import { subscriptionOf } from "../identity.ts";
import { createChallenge, type ZoneOptions } from "../records.ts";
import type { PlacedCluster } from "./findings.ts";
import { createPodIdentity, podIdentityAnnotations, podIdentityLabels } from "./identities.ts";

/**
 * Installs cert-manager if a public authority issues the certificate. Its identity can answer the challenge for the endpoint's name.
 * @param provider the provider of objects in the cluster
 * @param zoneOptions the result of inZones()
 * @returns what should exist before a certificate is requested
 */
export function createCertificates(
  args: PlacedCluster,
  cluster: ManagedCluster,
  provider: Provider,
  zoneOptions: ZoneOptions,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { plan, place, found } = args;
  const { name, endpoint } = plan.region;
  const { hostname, tls } = endpoint;
  if (tls.mode !== "acme") return [];
  const certifier = createPodIdentity(
    `${name}-cert-manager`,
    {
      place,
      cluster,
      identityName: plan.names.certManagerIdentity,
      serviceAccount: { namespace: certManager.namespace, name: certManager.serviceAccount },
    },
    options,
  );
  const { identity } = certifier;
  const records = createChallenge(args, identity, zoneOptions, options);
  const issuer = createIssuer(
    name,
    {
      email: tls.email,
      // The challenge's name is an alias of a name in the delegated zone: https://cert-manager.io/docs/configuration/acme/dns01/azuredns/
      solver: {
        dns01: {
          cnameStrategy: "Follow",
          azureDNS: {
            environment: "AzurePublicCloud",
            hostedZoneName: challengeZone(hostname),
            resourceGroupName: place.resourceGroupName,
            subscriptionID: identity.id.apply(subscriptionOf),
            managedIdentity: { clientID: identity.clientId },
          },
        },
      },
      annotations: podIdentityAnnotations(identity),
      podLabels: podIdentityLabels,
      ...(found.zone === "private" && { nameServers: [publicResolver] }),
      after: [certifier.trust, ...records],
    },
    { ...options, provider },
  );
  return [...records, issuer];
}

/**
 * Cloudflare's resolver. If a private zone hides the public one, it sees what the certificate authority will see. It uses HTTPS, because few networks without a public address allow outbound DNS.
 * There is only one: cert-manager asks each resolver that is configured, and all must answer.
 * https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/acme/dns/util/wait.go (checkAuthoritativeNss)
 */
const publicResolver = "https://1.1.1.1/dns-query";
