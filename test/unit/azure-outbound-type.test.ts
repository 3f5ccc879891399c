/** How the nodes of a private endpoint in AKS reach the internet from an existing subnet. A cluster isn't replaced when somebody changes that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { findOutboundType, type OutboundType } from "../../components/hosts/azure/cluster/previous.ts";
import type { WayOut } from "../../components/hosts/azure/found-subnet.ts";
import { LookUp } from "../../components/hosts/look-up.ts";
import { planRequest } from "../support/plan-request.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;

const { plan } = planAzureCluster(
  planRequest("azure cluster", {
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "cluster",
        storage: { kind: "bucket" },
        apiAccess: ["198.51.100.0/28"],
        network: { vnet, subnet: "caches" },
        endpoint: { hostname: "cache.example.com", exposure: "private", tls: { mode: "private" } },
        access: { clients: ["10.0.0.0/8"] },
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  }),
);

/** @param previous outbound type of the existing cluster, and its subnet */
function found(wayOut: WayOut, previous?: readonly [OutboundType, string]) {
  const lookUp = new LookUp();
  const [outboundType, subnet] = previous ?? [];
  const cluster = outboundType && {
    networkProfile: { outboundType },
    agentPoolProfiles: [{ vnetSubnetID: `${vnet}/subnets/${subnet}` }],
  };
  const subnetNow = { networkRanges: [], ranges: [], hasNameServers: false, wayOut };
  const type = findOutboundType(
    { plan, region: plan.region, subscription, lookUp, options: {} },
    subnetNow,
    cluster,
  );
  return [type, ...lookUp.warnings.map(({ path, message }) => `${path}: ${message}`)];
}

test("gives a new cluster its subnet's outbound type", () => {
  assert.deepEqual(found("natGateway"), ["userAssignedNATGateway"]);
  assert.deepEqual(found("route"), ["userDefinedRouting"]);
  assert.deepEqual(found("learned"), ["none"]);
});

test("keeps an existing cluster's type when its subnet's route changes, with a warning", () => {
  const [type, warning = ""] = found("route", ["userAssignedNATGateway", "Caches"]);
  assert.equal(type, "userAssignedNATGateway");
  assert.match(warning, /^network\.subnet: has another way out than when the cluster was made\./);
  assert.match(
    warning,
    /`az aks update --resource-group registry-cache-test-westeurope --name registry-cache-westeurope --outbound-type userDefinedRouting`, then `pulumi refresh`$/,
  );
  assert.equal(found("natGateway", ["none", "caches"])[0], "none");
  assert.deepEqual(found("route", ["userDefinedRouting", "caches"]), ["userDefinedRouting"]);
});

test("gives a cluster its subnet's type when it is replaced anyway, for a private endpoint or another subnet", () => {
  assert.deepEqual(found("route", ["loadBalancer", "caches"]), ["userDefinedRouting"]);
  assert.deepEqual(found("route", ["userAssignedNATGateway", "other"]), ["userDefinedRouting"]);
});
