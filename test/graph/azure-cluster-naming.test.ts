import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterNamesOf } from "../../components/hosts/azure/naming.ts";

test("never changes the names", () => {
  assert.deepEqual(clusterNamesOf({ stack: "azure-westeurope", region: "westeurope" }), {
    resourceGroup: "registry-cache-westeurope",
    machine: "registry-cache-westeurope",
    disk: "registry-cache-westeurope-data",
    address: "registry-cache-westeurope-address",
    networkInterface: "registry-cache-westeurope-interface",
    firewall: "registry-cache-westeurope-firewall",
    network: "registry-cache-westeurope-network",
    outbound: "registry-cache-westeurope-outbound",
    privateLink: "registry-cache-westeurope-private-link",
    zoneLink: "registry-cache-westeurope",
    identity: "registry-cache-westeurope-identity",
    cluster: "registry-cache-westeurope",
    dnsPrefix: "registry-cache-westeurope",
    nodeResourceGroup: "registry-cache-westeurope-nodes",
    clusterIdentity: "registry-cache-westeurope-cluster",
    certManagerIdentity: "registry-cache-westeurope-cert-manager",
  });
});

test("names the nodes' group in a way that AKS accepts, for any stack", () => {
  const nodes = (stack: string) => clusterNamesOf({ stack, region: "germanywestcentral" }).nodeResourceGroup;
  const [one, other] = ["a", "b"].map((end) => nodes("s".repeat(90) + end)) as [string, string];
  for (const name of [one, other]) assert.match(name, /^[\w.-]{1,79}\w$/);
  assert.notEqual(one, other);
});
