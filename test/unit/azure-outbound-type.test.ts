/** How nodes in AKS reach the internet from an existing subnet. A cluster isn't replaced when somebody changes that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { findOutboundType, type OutboundType } from "../../components/hosts/azure/cluster/previous.ts";
import type { WayOut } from "../../components/hosts/azure/found-subnet.ts";
import { LookUp } from "../../components/hosts/look-up.ts";
import { planRequest } from "../support/plan-request.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;

type Exposure = "private" | "public";

const planOf = (exposure: Exposure) =>
  planAzureCluster(
    planRequest("azure cluster", {
      provider: "azure",
      regions: [
        {
          name: "westeurope",
          topology: "cluster",
          storage: { kind: "bucket" },
          apiAccess: ["198.51.100.0/28"],
          network: { vnet, subnet: "caches" },
          endpoint: { hostname: "cache.example.com", exposure, tls: { mode: "private" } },
          access: { clients: ["10.0.0.0/8"] },
        },
      ],
      upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    }),
  ).plan;

/** @param previous outbound type of the existing cluster, and its subnet */
function found(wayOut: WayOut, previous?: readonly [OutboundType, string], exposure: Exposure = "private") {
  const plan = planOf(exposure);
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
  assert.match(warning, /^network\.subnet: has another way out than the cluster's `outboundType` says\./);
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

test("gives a public endpoint's cluster a NAT gateway's type, and keeps that of an existing cluster", () => {
  const publicly = (wayOut: WayOut, ...previous: [OutboundType, string] | []) =>
    found(wayOut, previous.length > 0 ? (previous as [OutboundType, string]) : undefined, "public");
  assert.deepEqual(publicly("natGateway"), ["userAssignedNATGateway"]);
  for (const wayOut of ["route", "learned", "default", "none"] as const)
    assert.deepEqual(publicly(wayOut), ["loadBalancer"]);
  const [kept, warning] = publicly("natGateway", "loadBalancer", "caches");
  assert.equal(kept, "loadBalancer");
  assert.match(warning ?? "", /--outbound-type userAssignedNATGateway`/);
  assert.equal(publicly("default", "userAssignedNATGateway", "caches")[0], "userAssignedNATGateway");
  // A private endpoint's cluster, which is replaced.
  assert.deepEqual(publicly("route", "userDefinedRouting", "caches"), ["loadBalancer"]);
});
