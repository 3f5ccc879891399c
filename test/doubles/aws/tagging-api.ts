/**
 * The API that finds resources by tags. It is served in AWS's protocol, so that the real SDK makes the calls.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text as bodyOf } from "node:stream/consumers";
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import type { ServedApi } from "../served-api.ts";
import { type Inputs, valueAt } from "../values.ts";
import { accountId } from "./existing.ts";

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html */
const kinds: Readonly<Record<string, string>> = {
  "aws:ebs/volume:Volume": "volume",
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "security-group",
  "aws:ec2/eip:Eip": "elastic-ip",
  "aws:ec2/instance:Instance": "instance",
  "aws:ec2/internetGateway:InternetGateway": "internet-gateway",
  "aws:ec2/natGateway:NatGateway": "natgateway",
  "aws:ec2/networkInterface:NetworkInterface": "network-interface",
  "aws:ec2/routeTable:RouteTable": "route-table",
  "aws:ec2/securityGroup:SecurityGroup": "security-group",
  "aws:ec2/subnet:Subnet": "subnet",
  "aws:ec2/vpc:Vpc": "vpc",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "vpc-endpoint",
  "aws:ec2/vpcEndpointService:VpcEndpointService": "vpc-endpoint-service",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security-group-rule",
};

const healthCheck = "aws:route53/healthCheck:HealthCheck";

/** Starts the API. Its environment has the address. */
export async function serveTagging(cloud: Cloud): Promise<ServedApi> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    // A request to another program that used this port before.
    if (body === "") return response.writeHead(400).end();
    const { TagFilters = [] } = JSON.parse(body) as { TagFilters?: Filter[] };
    const ResourceTagMappingList = taggedIn(cloud, regionOf(request), TagFilters);
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({ PaginationToken: "", ResourceTagMappingList }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: `http://127.0.0.1:${port}` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Filter {
  readonly Key: string;
  readonly Values?: readonly string[];
}

function regionOf({ headers }: IncomingMessage): string {
  return headers.authorization?.match(/\/([^/]+)\/tagging\/aws4_request/)?.[1] ?? "";
}

/** Resources that match all filters. A filter matches any of its values. */
function taggedIn(cloud: Cloud, region: string, filters: readonly Filter[]): object[] {
  return cloud.things().flatMap((thing) => {
    const tags = (valueAt("tagsAll", thing.outputs) ?? {}) as Inputs;
    const isWanted = filters.every(({ Key, Values = [] }) => Values.includes(String(tags[Key])));
    const arn = arnOf(thing);
    if (!isWanted || arn === undefined || ![region, everywhere].includes(scopeOf(thing))) return [];
    return { ResourceARN: arn, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  });
}

/** The region of a resource; for a global one the region that the API lists it in: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
function scopeOf({ type, scope }: Thing): string {
  return type === healthCheck ? "us-east-1" : scope;
}

function arnOf({ type, id, scope, inputs, outputs }: Thing): string | undefined {
  if (type.startsWith("aws:lb/")) return String(outputs.arn);
  if (type === healthCheck) return `arn:aws:route53:::healthcheck/${id}`;
  if (type === "aws:s3/bucket:Bucket") return `arn:aws:s3:::${id}`;
  const arn = (service: string, resource: string) => `arn:aws:${service}:${scope}:${accountId}:${resource}`;
  if (type === "aws:eks/podIdentityAssociation:PodIdentityAssociation") {
    return arn("eks", `podidentityassociation/${inputs.clusterName}/${outputs.associationId}`);
  }
  const kind = kinds[type];
  return kind && arn("ec2", `${kind}/${id}`);
}
