import { getSecurityGroup } from "@pulumi/aws/ec2/getSecurityGroup.js";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmRegion } from "../../config/schema.ts";
import { isSecurityGroup } from "../../config/text.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Question } from "./question.ts";

/**
 * That the security groups of `access` are there, and that EC2 lets a rule name them: they are in the machine's VPC, or in one that is peered with it.
 * https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
 */
export async function checkClientGroups({ region, lookUp, options }: Question<AwsVmRegion>): Promise<void> {
  const groups = (["clients", "metrics"] as const).flatMap((key) =>
    region.access[key].flatMap((id, index) =>
      isSecurityGroup(id) ? [{ id, path: `access.${key}[${index}]` }] : [],
    ),
  );
  if (groups.length === 0) return;
  const vpc = await vpcOf(region);
  await Promise.all(
    groups.map(async ({ id, path }) => {
      const found = await lookUp.ask(path, `the security group ${id}`, getSecurityGroup({ id }, options));
      if (!found || found.vpcId === vpc) return;
      const peered =
        vpc === undefined
          ? false
          : await lookUp.ask(path, `the peering connections of ${vpc}`, arePeered(vpc, found.vpcId, options));
      if (peered !== false) return;
      const own = vpc === undefined ? "the network that the stack makes" : vpc;
      const wayOut = "peer the two, or name address ranges or a prefix list";
      lookUp.refuse(path, `${id} is in ${found.vpcId}, which isn't peered with ${own}: ${wayOut}`);
    }),
  );
}

/** @returns undefined for one that is yet to be made */
async function vpcOf({ name, network }: AwsVmRegion): Promise<string | undefined> {
  if (network.vpc !== "create") return network.vpc;
  return (await previousOutputs<{ id: string }>("aws:ec2/vpc:Vpc")).get(name)?.id;
}

async function arePeered(one: string, other: string, options: pulumi.InvokeOptions): Promise<boolean> {
  const directions = await Promise.all(
    [
      [one, other],
      [other, one],
    ].map(([requester = "", accepter = ""]) =>
      getVpcPeeringConnections(
        {
          filters: [
            { name: "status-code", values: ["active"] },
            { name: "requester-vpc-info.vpc-id", values: [requester] },
            { name: "accepter-vpc-info.vpc-id", values: [accepter] },
          ],
        },
        options,
      ),
    ),
  );
  return directions.some(({ ids }) => ids.length > 0);
}
