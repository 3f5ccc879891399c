/** The network of a region in a cloud: a minimal one that the stack creates, or an existing one. */
import { z } from "zod";
import { matching } from "./text.ts";

/** @param beside the key that an existing network also needs, for the message */
function createdNetwork(beside: string) {
  return z.literal("create", { error: `must be \`create\`; an existing one needs ${beside} beside it` });
}

const vpcMeaning = "`create`, or the id of an existing VPC.";
const vpc = matching(/^vpc-[0-9a-f]{8,17}$/, "the id of a VPC, like vpc-0123456789abcdef0").describe(
  vpcMeaning,
);
const subnet = matching(/^subnet-[0-9a-f]{8,17}$/, "the id of a subnet, like subnet-0123456789abcdef0");

export const awsNetwork = z
  .union(
    [
      z.strictObject({ vpc: createdNetwork("`subnet`").describe(vpcMeaning) }),
      z.strictObject({
        vpc,
        subnet: subnet.describe(
          "Id of an existing subnet of that VPC: a public one; with `exposure: private` a private one, with a way to the internet.",
        ),
      }),
    ],
    { error: "must be { vpc: create }, or an existing { vpc: vpc-…, subnet: subnet-… }" },
  )
  .prefault({ vpc: "create" })
  .describe("The network of the machine: a minimal one, or an existing VPC and subnet.");

export const clusterSubnets = z
  .union(
    [
      z.strictObject({ vpc: createdNetwork("`nodeSubnets` and `loadBalancerSubnets`").describe(vpcMeaning) }),
      z.strictObject({
        vpc,
        nodeSubnets: z
          .array(subnet)
          .min(2)
          .describe(
            "Ids of existing private subnets of that VPC, in two availability zones at least, with a way to the internet.",
          ),
        loadBalancerSubnets: z
          .array(subnet)
          .min(2)
          .describe(
            "Ids of existing subnets of that VPC, in the same zones: public ones; with `exposure: private` private ones.",
          ),
      }),
    ],
    {
      error:
        "must be { vpc: create }, or an existing { vpc: vpc-…, nodeSubnets: [subnet-…], loadBalancerSubnets: [subnet-…] }",
    },
  )
  .prefault({ vpc: "create" })
  .describe("The network of the cluster: a minimal one, or an existing VPC and subnets.");

const vnetMeaning = "`create`, or the resource id of an existing virtual network.";

const subnetName = matching(/^\w[\w.-]{0,79}$/, "the name of a subnet");

/** @param others keys for further subnets of an existing network */
function azureNetworkOf<Others extends z.ZodRawShape>(others: Others) {
  return z
    .union(
      [
        z.strictObject({ vnet: createdNetwork("`subnet`").describe(vnetMeaning) }),
        z.strictObject({
          vnet: matching(
            /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+$/i,
            "the resource id of a virtual network: /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…",
          ).describe(vnetMeaning),
          subnet: subnetName.describe("Name of an existing subnet of that virtual network."),
          ...others,
        }),
      ],
      { error: "must be { vnet: create }, or an existing { vnet: /subscriptions/…, subnet: name }" },
    )
    .prefault({ vnet: "create" })
    .describe("The network of the machines: a minimal one, or an existing virtual network and subnet.");
}

export const azureNetwork = azureNetworkOf({});

export const azureClusterNetwork = azureNetworkOf({
  loadBalancerSubnet: subnetName
    .exactOptional()
    .describe(
      "Name of another existing subnet of that virtual network, for the address of the load balancer. It needs `exposure: private`. Default: `subnet`.",
    ),
});
