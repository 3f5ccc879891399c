/**
 * What has which tags, over the protocol of AWS's own API, so that the real SDK does the asking.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text as bodyOf } from "node:stream/consumers";
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import type { ServedApi } from "../served-api.ts";
import { type Inputs, valueAt } from "../values.ts";
import { accountId } from "./existing.ts";

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, with `$` for the id. IAM's own aren't told. */
const arns: Readonly<Record<string, string>> = {
  "aws:ebs/volume:Volume": "ec2:volume/$",
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ec2:security-group/$",
  "aws:ec2/eip:Eip": "ec2:elastic-ip/$",
  "aws:ec2/instance:Instance": "ec2:instance/$",
  "aws:ec2/internetGateway:InternetGateway": "ec2:internet-gateway/$",
  "aws:ec2/natGateway:NatGateway": "ec2:natgateway/$",
  "aws:ec2/networkInterface:NetworkInterface": "ec2:network-interface/$",
  "aws:ec2/routeTable:RouteTable": "ec2:route-table/$",
  "aws:ec2/securityGroup:SecurityGroup": "ec2:security-group/$",
  "aws:ec2/subnet:Subnet": "ec2:subnet/$",
  "aws:ec2/vpc:Vpc": "ec2:vpc/$",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "ec2:vpc-endpoint/$",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": "eks:podidentityassociation/$",
};

/** Its environment says where the API is. */
export async function serveTagging(cloud: Cloud): Promise<ServedApi> {
  const server = createServer(async (request, response) => {
    const { TagFilters = [] } = JSON.parse(await bodyOf(request)) as { TagFilters?: Filter[] };
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

/** All filters have to hold, of each any value. */
function taggedIn(cloud: Cloud, region: string, filters: readonly Filter[]): object[] {
  return cloud.things().flatMap((thing) => {
    const tags = (valueAt("tagsAll", thing.outputs) ?? {}) as Inputs;
    const isWanted = filters.every(({ Key, Values = [] }) => Values.includes(String(tags[Key])));
    const arn = arnOf(thing);
    if (!isWanted || arn === undefined || ![region, everywhere].includes(thing.scope)) return [];
    return { ResourceARN: arn, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  });
}

function arnOf({ type, id, scope }: Thing): string | undefined {
  if (type === "aws:s3/bucket:Bucket") return `arn:aws:s3:::${id}`;
  const [service, resource] = arns[type]?.split(":") ?? [];
  return resource && `arn:aws:${service}:${scope}:${accountId}:${resource.replace("$", id)}`;
}
