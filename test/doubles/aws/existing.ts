/** The resources that the account has before any stack. */
import { Region } from "@pulumi/aws/types/enums/index.js";
import { everywhere, type Thing } from "../cloud.ts";
import type { Inputs } from "../values.ts";

export const accountId = "123456789012";

/** The account that has shared the network with IPv6: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html */
const networkAccount = "210987654321";

/** All regions that the provider knows, in all partitions. */
export const regions: readonly string[] = Object.values(Region);

/** Machine families that a region lacks. A test removes one when AWS starts to offer it. */
export const notOffered = "not offered";

/** https://github.com/cristim/ec2-instances-info at 32acf84f */
const regionsWithoutC6gn = [
  "af-south-1",
  "ap-south-2",
  "ap-southeast-4",
  "eu-central-2",
  "eu-south-2",
  "me-central-1",
];

export const existing = {
  zone: { name: "example.com", id: "Z0123456789ABCDEFGHIJ" },
  /** A private zone that is associated with the network below. */
  privateZone: { name: "corp.example.com", id: "Z1123456789ABCDEFGHIJ" },
  vpc: "vpc-0aaaaaaaaaaaaaaaa",
  subnet: "subnet-0aaaaaaaaaaaaaaaa",
  /** A subnet of the same network. Its route table is the network's main one, whose only route to the internet is a NAT gateway. */
  privateSubnet: "subnet-0aaaaaaaaaaaaaaab",
  /** A subnet of the same network whose route table leads to a NAT instance. */
  natInstanceSubnet: "subnet-0aaaaaaaaaaaaaaac",
  /** The network of the stack with a cluster, in its region, with two subnets of each kind. */
  clusterVpc: "vpc-0dddddddddddddddd",
  nodeSubnets: ["subnet-0ddddddddddddddd0", "subnet-0ddddddddddddddd1"],
  loadBalancerSubnets: ["subnet-0eeeeeeeeeeeeeee0", "subnet-0eeeeeeeeeeeeeee1"],
  otherVpc: "vpc-0bbbbbbbbbbbbbbbb",
  /** Security groups of nodes: one in a network that is peered with the first network, and one in a network that isn't. */
  peeredGroup: "sg-0aaaaaaaaaaaaaaaa",
  strangeGroup: "sg-0bbbbbbbbbbbbbbbb",
  /** A parameter under a key that isn't Parameter Store's own. */
  certificate: "/keys/cache-certificate",
  /** KMS keys in the regions of both stacks: the aliases of two, and the alias of a disabled one. */
  key: "alias/cache",
  disabledKey: "alias/disabled",
  otherKey: "alias/other",
  /** A role for people. */
  onCall: `arn:aws:iam::${accountId}:role/on-call`,
  /** A permissions boundary that allows everything except changes of rights, and EC2 in other regions. */
  boundary: `arn:aws:iam::${accountId}:policy/platform/boundary`,
  /** AWS's own policy. As a boundary, it keeps a cluster from getting nodes. */
  powerUser: "arn:aws:iam::aws:policy/PowerUserAccess",
  /** A permissions boundary without rights in S3 and IAM, and without the right to create security groups. */
  narrowBoundary: `arn:aws:iam::${accountId}:policy/narrow`,
  /** A list of IPv4 ranges with space for 20 entries. */
  prefixList: "pl-0aaaaaaaaaaaaaaaa",
  /** AWS's own list for CloudFront. It counts as 55 rules, independent of its number of entries. */
  cloudFrontList: "pl-0bbbbbbbbbbbbbbbb",
  /** Older images, one for each architecture. */
  images: { arm64: "ami-0a00000000000000a", amd64: "ami-0a00000000000000b" },
} as const;

const region = "eu-central-1";
const clusterRegion = "us-east-1";

export const existingThings: readonly Thing[] = [
  thing("aws:route53/zone:Zone", existing.zone.id, everywhere, { name: existing.zone.name }),
  thing("aws:route53/zone:Zone", existing.privateZone.id, everywhere, {
    name: existing.privateZone.name,
    vpcs: [{ vpcId: existing.vpc }],
  }),
  thing("aws:ec2/vpc:Vpc", existing.vpc, region, { cidrBlock: "10.20.0.0/16", ownerId: networkAccount }),
  thing("aws:ec2/vpc:Vpc", existing.otherVpc, region, { cidrBlock: "10.30.0.0/16" }),
  thing("aws:ec2/vpc:Vpc", "vpc-0cccccccccccccccc", region, { cidrBlock: "10.50.0.0/16" }),
  thing("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "pcx-0aaaaaaaaaaaaaaaa", region, {
    vpcId: "vpc-0cccccccccccccccc",
    peerVpcId: existing.vpc,
  }),
  thing("aws:ec2/securityGroup:SecurityGroup", existing.peeredGroup, region, {
    vpcId: "vpc-0cccccccccccccccc",
  }),
  thing("aws:ec2/securityGroup:SecurityGroup", existing.strangeGroup, region, { vpcId: existing.otherVpc }),
  thing("aws:ec2/internetGateway:InternetGateway", "igw-0aaaaaaaaaaaaaaaa", region, { vpcId: existing.vpc }),
  thing("aws:ec2/subnet:Subnet", existing.subnet, region, {
    vpcId: existing.vpc,
    ownerId: networkAccount,
    availabilityZone: `${region}b`,
    cidrBlock: "10.20.1.0/24",
    ipv6CidrBlock: "2a05:d014:aaaa:aa01::/64",
  }),
  thing("aws:ec2/subnet:Subnet", existing.privateSubnet, region, {
    vpcId: existing.vpc,
    ownerId: networkAccount,
    availabilityZone: `${region}b`,
    cidrBlock: "10.20.2.0/24",
  }),
  thing("aws:ec2/subnet:Subnet", existing.natInstanceSubnet, region, {
    vpcId: existing.vpc,
    ownerId: networkAccount,
    availabilityZone: `${region}b`,
    cidrBlock: "10.20.3.0/24",
  }),
  ...publicRoutes(region, existing.vpc, "igw-0aaaaaaaaaaaaaaaa", [existing.subnet]),
  ...natInstanceRoutes(region, existing.vpc, existing.natInstanceSubnet),
  ...mainRoutes(region, existing.vpc),
  thing("prefix list", existing.prefixList, region, { addressFamily: "IPv4", maxEntries: 20, entries: [] }),
  thing("prefix list", existing.cloudFrontList, region, {
    name: "com.amazonaws.global.cloudfront.origin-facing",
    ownerId: "AWS",
    addressFamily: "IPv4",
    entries: Array.from({ length: 45 }, (_, index) => ({ cidr: `198.18.${index}.0/24`, description: "" })),
    weight: 55,
  }),
  thing("aws:ec2/internetGateway:InternetGateway", "igw-0dddddddddddddddd", clusterRegion, {
    vpcId: existing.clusterVpc,
  }),
  ...publicRoutes(clusterRegion, existing.clusterVpc, "igw-0dddddddddddddddd", existing.loadBalancerSubnets),
  ...mainRoutes(clusterRegion, existing.clusterVpc),
  thing("aws:ec2/vpc:Vpc", existing.clusterVpc, clusterRegion, { cidrBlock: "10.40.0.0/16" }),
  ...[...existing.nodeSubnets, ...existing.loadBalancerSubnets].map((id, index) =>
    thing("aws:ec2/subnet:Subnet", id, clusterRegion, {
      vpcId: existing.clusterVpc,
      availabilityZone: `${clusterRegion}${index % 2 === 0 ? "a" : "c"}`,
      cidrBlock: `10.40.${index}.0/24`,
    }),
  ),
  thing("aws:ssm/parameter:Parameter", existing.certificate, region, {
    name: existing.certificate,
    keyId: `arn:aws:kms:${region}:${accountId}:key/0a1b2c3d-0000-4000-8000-000000000000`,
  }),
  ...[region, clusterRegion].flatMap((name) => [
    thing("aws:kms/key:Key", keyIn(name), name, { alias: existing.key, keyState: "Enabled" }),
    thing("aws:kms/key:Key", `${keyIn(name)}1`, name, { alias: existing.disabledKey, keyState: "Disabled" }),
    thing("aws:kms/key:Key", `${keyIn(name)}2`, name, { alias: existing.otherKey, keyState: "Enabled" }),
  ]),
  thing("aws:iam/role:Role", "on-call", everywhere, { name: "on-call" }),
  boundary(existing.boundary, [
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: ["iam:Create*", "iam:DeleteRolePermissionsBoundary"], Resource: "*" },
    {
      Effect: "Deny",
      Action: "ec2:*",
      Resource: "*",
      Condition: { StringNotEquals: { "aws:RequestedRegion": [region, clusterRegion] } },
    },
  ]),
  // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/PowerUserAccess.html
  boundary(existing.powerUser, [
    { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
    { Effect: "Allow", Action: ["iam:CreateServiceLinkedRole", "iam:ListRoles"], Resource: "*" },
  ]),
  boundary(existing.narrowBoundary, [
    { Effect: "Allow", Action: ["ssm:Get*", "route53:*", "ec2:*", "elasticloadbalancing:*"], Resource: "*" },
    { Effect: "Deny", Action: "ec2:CreateSecurityGroup", Resource: "*" },
  ]),
  ...regionsWithoutC6gn.map((name) => thing(notOffered, "c6gn", name, {})),
  ...(["arm64", "amd64"] as const).map((architecture) =>
    thing("ami", existing.images[architecture], region, { architecture, rootGiB: 8 }),
  ),
  ...regions.flatMap((name) =>
    (["arm64", "amd64"] as const).map((architecture) =>
      thing("ami", imageOf(architecture, name), name, { architecture, rootGiB: 8 }),
    ),
  ),
];

function thing(type: string, id: string, scope: string, inputs: Inputs): Thing {
  return { type, id, scope, inputs, outputs: {} };
}

/** The ARN of {@link existing.key}. */
export function keyIn(name: string): string {
  return `arn:aws:kms:${name}:${accountId}:key/0a1b2c3d-0000-4000-8000-00000000000`;
}

function boundary(arn: string, statements: readonly object[]): Thing {
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return thing("aws:iam/policy:Policy", arn, everywhere, { policy });
}

/** A route table that leads to the internet, and its association with the subnets. */
function publicRoutes(scope: string, vpcId: string, gatewayId: string, subnets: readonly string[]): Thing[] {
  const routeTableId = vpcId.replace("vpc-", "rtb-");
  return [
    thing("aws:ec2/routeTable:RouteTable", routeTableId, scope, { vpcId }),
    ...["0.0.0.0/0", "::/0"].map((range) => {
      const destination = range.includes(":") ? "destinationIpv6CidrBlock" : "destinationCidrBlock";
      const inputs = { routeTableId, gatewayId, [destination]: range };
      return thing("aws:ec2/route:Route", `r-${routeTableId}-${range}`, scope, inputs);
    }),
    ...subnets.map((subnetId) =>
      thing("aws:ec2/routeTableAssociation:RouteTableAssociation", `rtbassoc-${subnetId}`, scope, {
        routeTableId,
        subnetId,
      }),
    ),
  ];
}

/** A route table that leads to a NAT instance's network interface, and its association with the subnet. */
function natInstanceRoutes(scope: string, vpcId: string, subnetId: string): Thing[] {
  const routeTableId = `${vpcId.replace("vpc-", "rtb-").slice(0, -1)}e`;
  const networkInterfaceId = vpcId.replace("vpc-", "eni-");
  const route = { routeTableId, networkInterfaceId, destinationCidrBlock: "0.0.0.0/0" };
  return [
    thing("aws:ec2/routeTable:RouteTable", routeTableId, scope, { vpcId }),
    thing("aws:ec2/route:Route", `r-${routeTableId}`, scope, route),
    thing("aws:ec2/routeTableAssociation:RouteTableAssociation", `rtbassoc-${subnetId}`, scope, {
      routeTableId,
      subnetId,
    }),
  ];
}

/** The route table of all subnets of a network that have no association. */
function mainRoutes(scope: string, vpcId: string): Thing[] {
  const routeTableId = `${vpcId.replace("vpc-", "rtb-").slice(0, -1)}f`;
  const natGatewayId = vpcId.replace("vpc-", "nat-");
  const route = { routeTableId, natGatewayId, destinationCidrBlock: "0.0.0.0/0" };
  return [
    thing("aws:ec2/routeTable:RouteTable", routeTableId, scope, { vpcId, isMain: true }),
    thing("aws:ec2/route:Route", `r-${routeTableId}`, scope, route),
  ];
}

export function imageOf(architecture: "arm64" | "amd64", scope: string): string {
  return `ami-0${architecture === "arm64" ? "a" : "b"}${scope === region ? "0" : "1"}c0ffee00c0ffee`;
}
