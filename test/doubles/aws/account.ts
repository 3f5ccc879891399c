/** The account in which stacks are created, and its answers to look-ups. */
import { everywhere, type Request } from "../cloud.ts";
import { CloudError, demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { policyType } from "./boundary.ts";
import { accountId, imageOf, notOffered, regions } from "./existing.ts";
import { getRecords, getZone } from "./hosted-zones.ts";
import { getKey } from "./kms.ts";

export const bucketType = "aws:s3/bucket:Bucket";

/** The hosted zone in which AWS has the names of Network Load Balancers; the double uses one for all regions. */
export const loadBalancerZone = "Z26RNL4JYFTOTI";

/** A bucket of another account. All accounts share the names of buckets. */
export const foreignBucket = "bucket of another account";

/** The last letters of a region's availability zones. Real accounts have different ones. */
const zoneLetters = "abc";

export function isRegion(name: string): boolean {
  return regions.includes(name);
}

export function isZone(zone: string, region: string): boolean {
  return zone.startsWith(region) && zone.length === region.length + 1 && zoneLetters.includes(zone.slice(-1));
}

/** The id of a zone. AWS maps names to ids differently in each account: here, `us-east-1b` is the zone without clusters. */
export function zoneIdOf(zone: string, region: string): string {
  const [area = "", direction = "", number = ""] = region.split("-");
  const short = direction.replace(/^(north|south)(east|west)$/, (_, one, two) => one[0] + two[0]);
  const numbers: Readonly<Record<string, number>> = { a: 1, b: 3, c: 2 };
  return `${area}${short.length > 2 ? short[0] : short}${number}-az${numbers[zone.slice(region.length)]}`;
}

/** The first zone of each region lacks the newer machines. */
const scarce = /^[cmr][89]g/;

export function isOffered(machineType: string, zone: string, cloud: Request["cloud"]): boolean {
  const [family = ""] = machineType.split(".");
  return (
    /^[a-z]+\d[a-z-]*\.(?:nano|micro|small|medium|\d*x?large|metal)$/.test(machineType) &&
    !(scarce.test(machineType) && zone.endsWith("a")) &&
    !cloud.find(notOffered, family, zone.slice(0, -1))
  );
}

/** Types with Amazon's own processors have a g after the number. */
export function architectureOf(machineType: string): "arm64" | "amd64" {
  return /^[a-z]+\d+g/.test(machineType) ? "arm64" : "amd64";
}

/** The account has enabled all regions except this one. */
const disabledRegion = "af-south-1";

export function isEnabled(region: string): boolean {
  return region !== disabledRegion;
}

/**
 * At its start, the provider asks STS in its own region for its identity, and fails if STS refuses:
 * https://github.com/pulumi/pulumi-aws/blob/v7.40.0/provider/resources.go, https://github.com/hashicorp/terraform-provider-aws/issues/12940
 */
export function demandEnabled(region: string): void {
  demand(
    isEnabled(region),
    "InvalidClientTokenId",
    "Invalid credentials configured. The security token included in the request is invalid.",
  );
}

/** Correct for the families that stacks use. In others, a size can have another number: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html */
export function vCpusOf(machineType: string): number {
  const [family = "", size = ""] = machineType.split(".");
  if (size === "medium" && /^[cmr]/.test(family)) return 1;
  const multiple = /^(\d*)xlarge$/.exec(size)?.[1];
  return multiple === undefined ? 2 : 4 * Number(multiple || 1);
}

type Asked = Pick<Request, "cloud" | "scope">;

/**
 * Service, code, and AWS's default. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups,
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
 */
const defaultQuotas = {
  rulesOfGroup: ["vpc", "L-0EA8095F", 60],
  groupsOfInterface: ["vpc", "L-2AFB9258", 5],
  standardVCpus: ["ec2", "L-1216C47A", 64],
} as const;
/** A quota of the account that differs from AWS's default. Its id is the quota's code. */
export const quotaType = "quota";

export function quotaOf(name: keyof typeof defaultQuotas, { cloud, scope }: Asked): number {
  const [, code, initial] = defaultQuotas[name];
  return number("value", cloud.find(quotaType, code, scope)?.inputs ?? {}) ?? initial;
}

export const functions: Readonly<Record<string, (inputs: Inputs, asked: Asked) => Inputs>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({ id: accountId, accountId }),

  "aws:kms/getKey:getKey": getKey,

  "aws:iam/getPolicy:getPolicy"(inputs, { cloud }) {
    const arn = text("arn", inputs);
    const found = cloud.find(policyType, arn, everywhere);
    demand(found, "NotFound", `reading IAM Policy (${arn}): couldn't find resource`);
    return { id: arn, arn, policy: found.inputs.policy, attachmentCount: 0 };
  },

  /** Uses the provider's error texts. S3 tells other accounts only that a bucket exists. */
  "aws:s3/getBucket:getBucket"(inputs, { cloud, scope }) {
    const name = text("bucket", inputs);
    const found = cloud.find(bucketType, name, scope);
    if (found) return { id: name, bucket: name, arn: `arn:aws:s3:::${name}` };
    const isForeign = cloud.find(foreignBucket, name, everywhere);
    demand(!isForeign, "Forbidden", `reading S3 Bucket (${name}): HeadBucket, StatusCode: 403`);
    throw new CloudError("NotFound", `reading S3 Bucket (${name}): couldn't find resource`);
  },

  "aws:cloudwatch/getLogGroup:getLogGroup"(inputs, { cloud, scope }) {
    const name = text("name", inputs);
    const found = cloud.find("aws:cloudwatch/logGroup:LogGroup", name, scope);
    demand(found, "NotFound", `reading CloudWatch Logs Log Group (${name}): couldn't find resource`);
    return { id: name, name };
  },

  "aws:route53/getZone:getZone": getZone,
  "aws:route53/getRecords:getRecords": getRecords,

  "aws:ssm/getParameter:getParameter"(inputs, { cloud, scope }) {
    const name = text("name", inputs);
    const image = /^\/aws\/service\/debian\/release\/13\/latest\/(arm64|amd64)$/.exec(name)?.[1];
    const arn = `arn:aws:ssm:${scope}:${image ? "" : accountId}:parameter${name}`;
    if (image === "arm64" || image === "amd64") {
      const value = imageOf(image, scope);
      return { id: name, name, arn, type: "String", value, insecureValue: value };
    }
    const found = cloud.find("aws:ssm/parameter:Parameter", name, scope);
    demand(found, "ParameterNotFound", `couldn't find resource ${name}`);
    return { id: name, name, arn, type: "SecureString", value: "AQIC" };
  },

  "aws:ec2/getAmi:getAmi"(inputs, { cloud, scope }) {
    demand(valueAt("filters[0].name", inputs) === "image-id", "InvalidParameterValue", "another filter");
    const [id = ""] = [valueAt("filters[0].values", inputs)].flat().map(String);
    const image = cloud.find("ami", id, scope)?.inputs;
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
    const isShown = image && (image.isDeprecated !== true || inputs.includeDeprecated === true);
    demand(isShown, "InvalidAMIID.NotFound", "Your query returned no results.");
    return {
      id,
      architecture: image.architecture === "amd64" ? "x86_64" : image.architecture,
      state: image.state ?? "available",
      rootDeviceName: "/dev/xvda",
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          noDevice: "",
          virtualName: "",
          ebs: { volume_size: String(image.rootGiB) },
        },
      ],
    };
  },

  "aws:ec2/getInstanceType:getInstanceType"(inputs) {
    const type = text("instanceType", inputs);
    return { id: type, instanceType: type, defaultVcpus: vCpusOf(type) };
  },

  "aws:ec2/getSubnet:getSubnet"(inputs, { cloud, scope }) {
    const id = text("id", inputs);
    const found = cloud.find("aws:ec2/subnet:Subnet", id, scope);
    demand(found, "InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`);
    const availabilityZoneId = zoneIdOf(text("availabilityZone", found.inputs), scope);
    return { ...found.inputs, id, availabilityZoneId };
  },

  "aws:ec2/getRouteTable:getRouteTable"(inputs, { cloud, scope }) {
    const tables = cloud.things("aws:ec2/routeTable:RouteTable").filter((it) => it.scope === scope);
    const isMain = valueAt("filters[0].name", inputs) === "association.main";
    const own = cloud
      .things("aws:ec2/routeTableAssociation:RouteTableAssociation")
      .find((it) => it.inputs.subnetId === inputs.subnetId)?.inputs.routeTableId;
    const found = tables.find(({ id, inputs: its }) =>
      isMain ? its.isMain === true && its.vpcId === inputs.vpcId : id === own,
    );
    demand(found, "NotFound", "query returned no results. Please change your search criteria and try again");
    const routes = cloud
      .things("aws:ec2/route:Route")
      .filter((it) => it.inputs.routeTableId === found.id)
      .map((it) => ({
        cidrBlock: text("destinationCidrBlock", it.inputs),
        ipv6CidrBlock: text("destinationIpv6CidrBlock", it.inputs),
        gatewayId: text("gatewayId", it.inputs),
        natGatewayId: text("natGatewayId", it.inputs),
        transitGatewayId: text("transitGatewayId", it.inputs),
        vpcPeeringConnectionId: "",
        vpcEndpointId: "",
        networkInterfaceId: text("networkInterfaceId", it.inputs),
      }));
    return { id: found.id, routeTableId: found.id, vpcId: found.inputs.vpcId, routes };
  },

  "aws:servicequotas/getServiceQuota:getServiceQuota"(inputs, asked) {
    const code = text("quotaCode", inputs);
    const name = (Object.keys(defaultQuotas) as (keyof typeof defaultQuotas)[]).find((it) => {
      const [service, its] = defaultQuotas[it];
      return service === inputs.serviceCode && its === code;
    });
    demand(name, "NoSuchResourceException", `quota ${code}`);
    return { id: code, quotaCode: code, value: quotaOf(name, asked) };
  },

  "aws:ec2/getManagedPrefixList:getManagedPrefixList"(inputs, { cloud, scope }) {
    const id = text("id", inputs);
    const found = cloud.find("prefix list", id, scope);
    demand(found, "InvalidPrefixListID.NotFound", `The prefix list ID '${id}' does not exist`);
    const { weight, ...answer } = found.inputs;
    return { maxEntries: 0, ownerId: accountId, ...answer, id };
  },

  "aws:ec2/getSecurityGroup:getSecurityGroup"(inputs, { cloud, scope }) {
    const id = text("id", inputs);
    const found = cloud.find("aws:ec2/securityGroup:SecurityGroup", id, scope);
    demand(found, "InvalidGroup.NotFound", `The security group '${id}' does not exist`);
    return { ...found.inputs, id };
  },

  "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections"(inputs, { cloud, scope }) {
    const [, requester, accepter] = [0, 1, 2].map((at) => valueAt(`filters[${at}].values[0]`, inputs));
    const ids = cloud
      .things("aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
      .filter((it) => it.inputs.vpcId === requester && it.inputs.peerVpcId === accepter)
      .map(({ id }) => id);
    return { id: scope, ids };
  },

  "aws:ec2/getVpc:getVpc"(inputs, { cloud, scope }) {
    const id = text("id", inputs);
    const found = cloud.find("aws:ec2/vpc:Vpc", id, scope);
    demand(found, "InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`);
    return { ...found.inputs, id };
  },

  "aws:index/getAvailabilityZones:getAvailabilityZones"(inputs, { scope }) {
    const excluded = valuesAt("excludeZoneIds[*]", inputs);
    const names = [...zoneLetters]
      .map((letter) => scope + letter)
      .filter((zone) => !excluded.includes(zoneIdOf(zone, scope)));
    return { id: scope, names, zoneIds: names.map((zone) => zoneIdOf(zone, scope)), groupNames: [scope] };
  },

  "aws:eks/getClusters:getClusters": (_, { cloud, scope }) => ({
    id: scope,
    names: cloud.things("aws:eks/cluster:Cluster").map(({ id }) => id),
  }),

  "aws:lb/getHostedZoneId:getHostedZoneId"(inputs, { scope }) {
    demand(inputs.loadBalancerType === "network", "InvalidParameterValue", "another type of load balancer");
    return { id: loadBalancerZone, region: scope };
  },

  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"(inputs, { cloud, scope }) {
    const wanted = [valueAt("filters[0].values", inputs)].flat().map(String);
    const zones = [...zoneLetters].map((letter) => scope + letter);
    const found = zones.flatMap((zone) =>
      wanted.filter((type) => isOffered(type, zone, cloud)).map((type) => ({ zone, type })),
    );
    return {
      id: scope,
      locations: found.map(({ zone }) => zone),
      instanceTypes: found.map(({ type }) => type),
      locationTypes: found.map(() => "availability-zone"),
    };
  },
};
