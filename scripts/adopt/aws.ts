/** Finds resources whose ids AWS generates, by their tags. */
import { DescribeAddressesCommand } from "@aws-sdk/client-ec2";
import {
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
} from "@aws-sdk/client-resource-groups-tagging-api";
import { ec2Client, sdkSettings } from "../../components/hosts/aws/sdk.ts";
import { stackTags } from "../../components/hosts/naming.ts";
import type { Values } from "./import-file.ts";
import { isTold } from "./values.ts";

/** Kinds as in ARNs, by Pulumi's type: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html */
const kinds: Readonly<Record<string, string>> = {
  "aws:ebs/volume:Volume": "ec2:volume",
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ec2:security-group",
  "aws:ec2/eip:Eip": "ec2:elastic-ip",
  "aws:ec2/instance:Instance": "ec2:instance",
  "aws:ec2/internetGateway:InternetGateway": "ec2:internet-gateway",
  "aws:ec2/natGateway:NatGateway": "ec2:natgateway",
  "aws:ec2/networkInterface:NetworkInterface": "ec2:network-interface",
  "aws:ec2/routeTable:RouteTable": "ec2:route-table",
  "aws:ec2/securityGroup:SecurityGroup": "ec2:security-group",
  "aws:ec2/subnet:Subnet": "ec2:subnet",
  "aws:ec2/vpc:Vpc": "ec2:vpc",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "ec2:vpc-endpoint",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": "eks:podidentityassociation",
  "aws:ec2/vpcEndpointService:VpcEndpointService": "ec2:vpc-endpoint-service",
  "aws:lb/listener:Listener": "elasticloadbalancing:listener",
  "aws:lb/loadBalancer:LoadBalancer": "elasticloadbalancing:loadbalancer",
  "aws:lb/targetGroup:TargetGroup": "elasticloadbalancing:targetgroup",
  "aws:route53/healthCheck:HealthCheck": "route53:healthcheck",
  "aws:s3/bucket:Bucket": "s3",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2:security-group-rule",
};

interface Tagged {
  readonly kind: string;
  /** In the form for an import. */
  readonly id: string;
  readonly name: string | undefined;
}

/** Resources without a region have their tags here: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
const home = "us-east-1";

/** A stack's resources in AWS. Each region is queried once, when it is needed. */
export class AwsAccount {
  readonly #stack: string;
  /** By region. */
  readonly #tagged = new Map<string, Promise<Tagged[]>>();

  constructor(stack: string) {
    this.#stack = stack;
  }

  /** @param own region of the resource's provider @returns the ids that a resource can have; undefined if its type isn't found by tags; null if what identifies it isn't known yet */
  async idsOf(type: string, inputs: Values, own: string): Promise<string[] | null | undefined> {
    if (type === "aws:ec2/eipAssociation:EipAssociation") {
      const { allocationId } = inputs;
      return isTold(allocationId) ? associationsOf(String(allocationId), own) : null;
    }
    const kind = kinds[type];
    if (kind === undefined) return undefined;
    const region = kind.startsWith("route53:") ? home : own;
    const tagged = this.#tagged.get(region) ?? this.#ask(region);
    this.#tagged.set(region, tagged);
    const { Name: name } = (inputs.tags ?? {}) as Values;
    return (await tagged).flatMap((it) => (it.kind === kind && it.name === name ? it.id : []));
  }

  async #ask(region: string): Promise<Tagged[]> {
    const client = new ResourceGroupsTaggingAPIClient(sdkSettings(region));
    const TagFilters = Object.entries(stackTags(this.#stack)).map(([Key, value]) => ({
      Key,
      Values: [value],
    }));
    const found: Tagged[] = [];
    for await (const { ResourceTagMappingList = [] } of paginateGetResources({ client }, { TagFilters })) {
      for (const { ResourceARN = "", Tags = [] } of ResourceTagMappingList) {
        found.push({ ...parse(ResourceARN), name: Tags.find(({ Key }) => Key === "Name")?.Value });
      }
    }
    return found;
  }
}

async function associationsOf(allocation: string, region: string): Promise<string[]> {
  const filter = { Name: "allocation-id", Values: [allocation] };
  const client = await ec2Client(region);
  const answer = await client.send(new DescribeAddressesCommand({ Filters: [filter] }));
  return (answer.Addresses ?? []).flatMap(({ AssociationId }) => AssociationId ?? []);
}

/** Parses `arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0123` or `arn:aws:s3:::name`. In load balancing, the ARN itself is the id. */
function parse(arn: string): Pick<Tagged, "kind" | "id"> {
  const [, , service = "", , , ...rest] = arn.split(":");
  const [kind = "", ...id] = rest.join(":").split("/");
  if (service === "elasticloadbalancing") return { kind: `${service}:${kind}`, id: arn };
  return id.length === 0 ? { kind: service, id: kind } : { kind: `${service}:${kind}`, id: id.join(",") };
}
