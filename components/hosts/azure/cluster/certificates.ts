import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { certManager, createIssuer } from "../../kubernetes-cluster/cert-manager.ts";
import { subscriptionOf } from "../identity.ts";
import type { Place } from "../place.ts";
import { challengeZone, createChallenge } from "../records.ts";
import type { ClusterArgs } from "./findings.ts";
import { createPodIdentity, podIdentityAnnotations, podIdentityLabels } from "./identities.ts";

export interface CertificateArgs {
  readonly place: Place;
  readonly cluster: ManagedCluster;
  /** Of the cluster. */
  readonly provider: Provider;
  /** By inZones(). */
  readonly zoneOptions: pulumi.CustomResourceOptions;
}

/**
 * cert-manager with an identity that can prove the name, where the certificate is from a public authority.
 * @returns what should be there before a certificate is asked for.
 */
export function createCertificates(
  name: string,
  args: ClusterArgs,
  { place, cluster, provider, zoneOptions }: CertificateArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { region, names } = args.plan;
  const { hostname, tls } = region.endpoint;
  if (tls.mode !== "acme") return [];
  const certifier = createPodIdentity(
    `${name}-cert-manager`,
    {
      place,
      cluster,
      identityName: names.certManagerIdentity,
      serviceAccount: { namespace: certManager.namespace, name: certManager.serviceAccount },
    },
    options,
  );
  const { identity } = certifier;
  const records = createChallenge(name, args, { place, identity, zoneOptions }, options);
  const issuer = createIssuer(
    name,
    {
      email: tls.email,
      // The challenge's name is an alias of one in the small zone: https://cert-manager.io/docs/configuration/acme/dns01/azuredns/
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
      ...(args.found.zone === "private" && { nameServers: [publicResolver] }),
      after: [certifier.trust, ...records],
    },
    { ...options, provider },
  );
  return [...records, issuer];
}

/**
 * Of Cloudflare, which sees what the certificate authority will see, where a private zone hides it. By HTTPS, as few networks without a public address let DNS out.
 * Only one: cert-manager asks each that it is given, and all must answer.
 * https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/acme/dns/util/wait.go (checkAuthoritativeNss)
 */
const publicResolver = "https://1.1.1.1/dns-query";
