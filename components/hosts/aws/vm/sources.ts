import { getManagedPrefixList } from "@pulumi/aws/ec2/getManagedPrefixList.js";
import { getSecurityGroup } from "@pulumi/aws/ec2/getSecurityGroup.js";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrefixList, isSecurityGroup } from "../../../config/addresses.ts";
import { previousResource } from "../../previous-outputs.ts";
import { sourcesOf } from "../../vm/plan.ts";
import type { Question } from "../account.ts";
import type { AwsVmPlan } from "./plan.ts";

interface PrefixList {
  readonly isIpv6: boolean;
  /** Number of rules that the list uses of a security group's quota, whatever its entries are. */
  readonly rules: number;
}

/** The prefix lists of `access`, by their ids. Adds a problem for a list whose number of rules is unknown. */
export async function findPrefixLists({
  region,
  lookUp,
  options,
}: Question<AwsVmPlan>): Promise<Map<string, PrefixList>> {
  const lists = new Map<string, PrefixList>();
  await Promise.all(
    sourcesOf(region)
      .filter(({ source }) => isPrefixList(source))
      .map(async ({ source: id, path }) => {
        const found = await lookUp.ask(path, `the prefix list ${id}`, getManagedPrefixList({ id }, options));
        if (!found) return;
        const { name, maxEntries } = found;
        const [, end = ""] = /^com\.amazonaws\.[a-z0-9-]+\.(?:ipv6\.)?(.+)$/.exec(name) ?? [];
        const rules = found.ownerId === "AWS" ? weights[end] : maxEntries;
        const message =
          `${id} is ${name}, a list of AWS's own, and the stack doesn't know how many rules it counts as: ` +
          "make a list of your own with its ranges";
        if (rules === undefined) lookUp.refuse(path, message);
        else lists.set(id, { isIpv6: found.addressFamily === "IPv6", rules });
      }),
  );
  return lists;
}

/**
 * Weights of AWS's own lists, which have no maximum. A weight doesn't depend on the entries. The key is the end of the list's name, `com.amazonaws.<region or global>[.ipv6].<end>`:
 * https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html#aws-managed-prefix-list-weights
 */
const weights: Readonly<Record<string, number>> = {
  "cloudfront.origin-facing": 55,
  dynamodb: 1,
  "ec2-instance-connect": 2,
  groundstation: 5,
  "route53-healthchecks": 25,
  s3: 1,
  s3express: 6,
  "vpc-lattice": 10,
};

/**
 * Checks that the security groups of `access` exist, and that EC2 allows rules to name them: they must be in the machine's VPC, or in a peered one.
 * https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
 */
export async function checkClientGroups({ region, lookUp, options }: Question<AwsVmPlan>): Promise<void> {
  const groups = sourcesOf(region).filter(({ source }) => isSecurityGroup(source));
  if (groups.length === 0) return;
  const { name, network } = region;
  const previous = await previousResource<{ id: string }>("aws:ec2/vpc:Vpc", name);
  // Undefined if the stack hasn't created the VPC yet.
  const vpc = network.vpc === "create" ? previous?.id : network.vpc;
  await Promise.all(
    groups.map(async ({ source: id, path }) => {
      const found = await lookUp.ask(path, `the security group ${id}`, getSecurityGroup({ id }, options));
      if (!found || found.vpcId === vpc) return;
      const peered =
        vpc !== undefined &&
        (await lookUp.ask(path, `the peering connections of ${vpc}`, arePeered(vpc, found.vpcId, options)));
      if (peered !== false) return;
      const own = vpc ?? "the network that the stack makes";
      const wayOut = "peer the two, or name address ranges or a prefix list";
      lookUp.refuse(path, `${id} is in ${found.vpcId}, which isn't peered with ${own}: ${wayOut}`);
    }),
  );
}

async function arePeered(one: string, other: string, options: pulumi.InvokeOptions): Promise<boolean> {
  const connections = (requester: string, accepter: string) => {
    const filters = [
      { name: "status-code", values: ["active"] },
      { name: "requester-vpc-info.vpc-id", values: [requester] },
      { name: "accepter-vpc-info.vpc-id", values: [accepter] },
    ];
    return getVpcPeeringConnections({ filters }, options);
  };
  const directions = await Promise.all([connections(one, other), connections(other, one)]);
  return directions.some(({ ids }) => ids.length > 0);
}
