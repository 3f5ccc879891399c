/** Private link services, and the load balancers behind them. */
import type { Request, Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { resourceId, subnetsOf, types } from "./account.ts";
import { resource } from "./resource.ts";

export const balancer = "azure-native:network:LoadBalancer";
const pattern = /^[a-z0-9](?:[\w.-]{0,78}\w)?$/i;
const networkOf = (subnet: string) => subnet.replace(/\/subnets\/[^/]+$/, "");

/** Parts of a load balancer. A rule may name only parts of its own load balancer. */
const parts = {
  frontendIPConfiguration: "frontendIPConfigurations",
  backendAddressPool: "backendAddressPools",
  probe: "probes",
};

export const privateLinkRules: Readonly<Record<string, Rules>> = {
  /** https://learn.microsoft.com/rest/api/load-balancer/load-balancers/create-or-update */
  [balancer]: resource(
    { kind: "Microsoft.Network/loadBalancers", name: "loadBalancerName", pattern },
    {
      replacing: ["sku"],
      fixed: ["frontendIPConfigurations[0].zones"],
      references: [{ at: "frontendIPConfigurations[*].subnet.id", to: types.virtualNetwork, id: networkOf }],
      check(inputs) {
        demand(valueAt("sku.name", inputs) === "Standard", "LoadBalancerSkuNotSupported", "sku");
        for (const rule of valuesAt("loadBalancingRules[*]", inputs) as Inputs[]) {
          for (const [key, list] of Object.entries(parts)) {
            const id = text(`${key}.id`, rule);
            const own = resourceId({ inputs }, "Microsoft.Network/loadBalancers", inputs.loadBalancerName);
            const isOwn = (valuesAt(`${list}[*]`, inputs) as Inputs[]).some(
              ({ name }) => `${own}/${list}/${name}` === id,
            );
            demand(isOwn, "InvalidResourceReference", `${key} ${id}`);
          }
        }
      },
      create: () => ({ id: "" }),
    },
  ),

  /** https://learn.microsoft.com/azure/private-link/private-link-service-overview */
  "azure-native:network:PrivateLinkService": resource(
    { kind: "Microsoft.Network/privateLinkServices", name: "serviceName", pattern },
    {
      references: [
        {
          at: "loadBalancerFrontendIpConfigurations[*].id",
          to: balancer,
          id: (id) => id.replace(/\/frontendIPConfigurations\/[^/]+$/, ""),
          exclusive: "PrivateLinkServiceCannotBeCreatedOnFrontendInUse",
        },
        { at: "ipConfigurations[*].subnet.id", to: types.virtualNetwork, id: networkOf },
      ],
      check(inputs) {
        const visible = valuesAt("visibility.subscriptions[*]", inputs);
        const approved = valuesAt("autoApproval.subscriptions[*]", inputs);
        // "Auto-approval is a subset of the visibility array."
        demand(
          approved.every((it) => visible.includes(it)),
          "PrivateLinkServiceAutoApprovalNotSubsetOfVisibility",
          `${approved}`,
        );
      },
      admit: (request) => {
        for (const id of valuesAt("ipConfigurations[*].subnet.id", request.inputs).map(String))
          demandPolicies(request, id);
      },
      create: ({ cloud, inputs }) => ({
        id: "",
        outputs: {
          alias: `${inputs.serviceName}.${cloud.digits(8)}.${inputs.location}.azure.privatelinkservice`,
        },
      }),
      /** https://github.com/hashicorp/terraform-provider-azurerm/issues/18328 */
      delete({ id, outputs }) {
        const [connection] = valuesAt("privateEndpointConnections[*].id", outputs);
        demand(
          connection === undefined,
          "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
          `Private link service ${id} cannot be deleted since it has ${connection}`,
        );
      },
    },
  ),
};

/** https://learn.microsoft.com/azure/private-link/disable-private-link-service-network-policy */
function demandPolicies({ cloud, scope }: Request, id: string): void {
  const network = cloud.find(types.virtualNetwork, networkOf(id), scope);
  const subnet = network && subnetsOf(network).find(({ name }) => id.endsWith(`/subnets/${name}`));
  demand(
    subnet?.privateLinkServiceNetworkPolicies === "Disabled",
    "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
    id,
  );
}
