/** What the nodes' own network costs the customers, on their way to what they pull. */
import type { Cloud } from "../capacity/machine.ts";
import type { StackConfig } from "../config/schema.ts";
import type { Charge } from "./charge.ts";

interface Setting {
  readonly cloud: Cloud;
  readonly nodes: StackConfig["cost"]["nodes"];
}

const customers = { basis: "usage", paidBy: "customer" } as const;

/** How many GiB of pulls pass the public address of the cache or a registry, and how many come from a bucket of the region. */
export interface Ways {
  readonly publicGiB: number;
  readonly bucketGiB: number;
}

/**
 * What passes the NAT gateways of the nodes, which are there anyway. A bucket is reached past them by a gateway endpoint for S3, which is free:
 * https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 */
export function nodesNatGateway({ cloud, nodes }: Setting, { publicGiB, bucketGiB }: Ways): Charge[] {
  if (cloud !== "aws" || nodes.natGateway !== "billed") return [];
  const quantity = publicGiB + (nodes.s3Endpoint ? 0 : bucketGiB);
  return [{ name: "NAT gateways of the nodes, data", item: "nat-gateway-data", quantity, ...customers }];
}

/** Of nodes in three zones, two thirds pull from a cache in another one, and AWS bills that at both ends, in a VPC too: https://aws.amazon.com/ec2/pricing/on-demand/ */
export function betweenNodesZones({ cloud }: Pick<Setting, "cloud">, pulledGiB: number): Charge[] {
  if (cloud !== "aws") return [];
  const quantity = 2 * (2 / 3) * pulledGiB;
  return [
    { name: "Transfer between zones, to the nodes", item: "transfer-in-region", quantity, ...customers },
  ];
}
