/** The workload in a cluster on Azure, its rights, and its endpoint. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { roles } from "../../components/hosts/azure/roles.ts";
import { secret, settled } from "../support/graph.ts";
import {
  clientId,
  endpoint,
  type Graph,
  graphOf,
  groupId,
  issuerURL,
  kubeconfig,
  ownGroup,
  rightsIn,
  storageAccount,
  subscription,
} from "./azure-cluster-region.ts";

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("gives each identity only the rights for its work, and no secret", () => {
    const zone = "providers/Microsoft.Network/dnsZones/acme.cache.gwc.example.com";
    const container = `providers/Microsoft.Storage/storageAccounts/${storageAccount}/containers/registry`;
    assert.deepEqual(rightsIn(graph), {
      "germanywestcentral-network": [
        "principal of registry-cache-germanywestcentral-cluster",
        roles.networkContributor,
        groupId(ownGroup),
      ],
      "germanywestcentral-store": [
        "principal of registry-cache-germanywestcentral-identity",
        roles.storageBlobDataContributor,
        `${groupId(ownGroup)}/${container}`,
      ],
      "germanywestcentral-acme": [
        "principal of registry-cache-germanywestcentral-cert-manager",
        roles.dnsZoneContributor,
        `${groupId(ownGroup)}/${zone}`,
      ],
    });
    const trusts = graph.resources.filter(({ type }) => type.endsWith(":FederatedIdentityCredential"));
    assert.deepEqual(Object.fromEntries(trusts.map(({ inputs }) => [inputs.resourceName, inputs.subject])), {
      "registry-cache-germanywestcentral-identity": "system:serviceaccount:registry-cache:registry-cache",
      "registry-cache-germanywestcentral-cert-manager": "system:serviceaccount:cert-manager:cert-manager",
    });
    for (const { inputs } of trusts) {
      assert.equal(inputs.issuer, issuerURL);
      assert.deepEqual(inputs.audiences, ["api://AzureADTokenExchange"]);
    }
  });

  test("gives the Pods the identity that the bucket knows", () => {
    const { inputs } = graph.find("ServiceAccount");
    assert.deepEqual((inputs.metadata as Record<string, unknown>).annotations, {
      "azure.workload.identity/client-id": clientId,
    });
    const { spec } = graph.find("Deployment").inputs as {
      spec: { template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } };
    };
    assert.equal(spec.template.metadata.labels["azure.workload.identity/use"], "true");
    assert.equal(spec.template.spec.serviceAccountName, "registry-cache");
  });

  test("gives the load balancer the stack's address, in all zones, and lets the clients in", () => {
    const { inputs, dependencies } = graph.find("Service");
    assert.deepEqual(dependencies, ["kubernetes:core/v1:Namespace germanywestcentral"]);
    const { metadata, spec } = inputs as Record<string, Record<string, unknown>>;
    assert.deepEqual(metadata?.annotations, {
      "service.beta.kubernetes.io/azure-load-balancer-resource-group": ownGroup,
      "service.beta.kubernetes.io/azure-pip-name": "registry-cache-germanywestcentral-address",
    });
    assert.deepEqual(spec?.loadBalancerSourceRanges, ["203.0.113.0/24"]);
    const address = graph.find("PublicIPAddress").inputs;
    assert.deepEqual([address.zones, address.sku], [["1", "2", "3"], { name: "Standard" }]);
    assert.equal(address.publicIpAddressName, "registry-cache-germanywestcentral-address");
    const namespace = graph.find("Namespace", "germanywestcentral");
    for (const needed of [
      "azure-native:network:PublicIPAddress germanywestcentral",
      "azure-native:managedidentity:FederatedIdentityCredential germanywestcentral",
      "azure-native:authorization:RoleAssignment germanywestcentral-store",
      "azure-native:storage:BlobContainer germanywestcentral",
      "azure-native:dns:RecordSet germanywestcentral-address",
      "kubernetes:cert-manager.io/v1:ClusterIssuer germanywestcentral-issuer",
    ]) {
      assert.ok(namespace.dependencies.includes(needed), needed);
    }
  });

  test("reaches the objects in the cluster by its own credentials, which are a secret", () => {
    const { inputs, secrets } = graph.find("kubernetes");
    const id = `${groupId(ownGroup)}/providers/Microsoft.ContainerService/managedClusters/registry-cache-germanywestcentral`;
    const inPlace = { enableConfigMapMutable: "true", enablePatchForce: "true", enableSecretMutable: "true" };
    assert.deepEqual(inputs, { ...inPlace, kubeconfig: secret, clusterIdentifier: id });
    assert.equal(secrets.kubeconfig, kubeconfig);
  });

  test("lets cert-manager prove the name in the small zone, by the alias, with its own identity", () => {
    const { spec } = graph.find("ClusterIssuer").inputs as { spec: { acme: Record<string, unknown> } };
    assert.deepEqual(spec.acme.solvers, [
      {
        dns01: {
          cnameStrategy: "Follow",
          azureDNS: {
            environment: "AzurePublicCloud",
            hostedZoneName: "acme.cache.gwc.example.com",
            resourceGroupName: ownGroup,
            subscriptionID: subscription,
            managedIdentity: { clientID: clientId },
          },
        },
      },
    ]);
    const { values } = graph.find("Release").inputs as { values: Record<string, unknown> };
    assert.deepEqual(values.podLabels, { "azure.workload.identity/use": "true" });
    const challenge = graph.find("RecordSet", "germanywestcentral-acme-challenge").inputs;
    assert.deepEqual(challenge.cnameRecord, { cname: "challenge.acme.cache.gwc.example.com" });
    assert.equal(graph.find("Certificate").type, "kubernetes:cert-manager.io/v1:Certificate");
  });
});

test("has no cert-manager with a private authority, and no records without a zone", async () => {
  const { hostname } = endpoint;
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  const types = graph.resources.map(({ type }) => type.split(":").at(-1));
  for (const type of ["RecordSet", "Zone", "Release", "ClusterIssuer", "Certificate"]) {
    assert.ok(!types.includes(type), type);
  }
  assert.equal(types.filter((type) => type === "FederatedIdentityCredential").length, 1);
  assert.equal((await settled(graph.host.ca))?.certificate, "CERTIFICATE\n");
});

test("has the right to sign redirects only with them", async () => {
  const graph = await graphOf({ storage: { kind: "bucket", delivery: "redirect" } });
  const [, role, scope] = rightsIn(graph)["germanywestcentral-store-redirect"] as string[];
  assert.equal(role, roles.storageBlobDelegator);
  assert.match(scope ?? "", new RegExp(`/storageAccounts/${storageAccount}$`));
});
