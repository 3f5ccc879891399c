/** A region on a VM in AWS, and AWS's answers. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../components/config/parse.ts";
import {
  type AwsGraph,
  ami,
  awsGraph,
  kmsKey,
  offersIn,
  routeTable,
  toInternet,
} from "../support/aws-graph.ts";
import type { RegisteredResource } from "../support/graph.ts";

export const hostname = "cache.eu-central-1.example.com";

const acme = { mode: "acme", email: "platform@example.com" };

const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };

const team = {
  name: "team",
  registry: "team.example.com:5000",
  repositories: ["**"],
  credentials: "team-login",
};

export const access = { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] };

export const existing = { vpc: "vpc-0aaaaaaaaaaaaaaa0", subnet: "subnet-0bbbbbbbbbbbbbbb0" };

export const zoneArn = "arn:aws:route53:::hostedzone/Z0123456789";

export const host = "registry-cache:aws:VmHost eu-central-1";

/** The outputs that AWS adds, as far as other resources need them. */
function created(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "pulumi:index:Stash":
      return { output: inputs.input };
    case "aws:ebs/volume:Volume":
      return { id: "vol-0123456789abcdef0" };
    case "aws:ec2/vpc:Vpc":
      return { ipv6CidrBlock: "2001:db8:1:ff00::/56" };
    case "aws:ec2/eip:Eip":
      return { publicIp: "192.0.2.7", allocationId: "eipalloc-1" };
    case "aws:ec2/networkInterface:NetworkInterface":
      return {
        privateIp: "10.0.0.10",
        ipv6Addresses: inputs.ipv6AddressCount === 1 ? ["2001:db8:1:ff00::7"] : [],
      };
    case "aws:s3/bucket:Bucket":
      return { bucket: inputs.bucket ?? "bucket", arn: "arn:aws:s3:::bucket" };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    case "aws:ssm/parameter:Parameter":
      return { arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${inputs.name}` };
    default:
      return {};
  }
}

/** AWS's answers to look-ups. */
const foundBy = (isPrivate: boolean) => (token: string, inputs: Record<string, unknown>) => {
  switch (token) {
    case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
      return offersIn(["eu-central-1c", "eu-central-1-ham-1a", "eu-central-1b"])(inputs);
    case "aws:ec2/getRouteTable:getRouteTable":
      return routeTable(...(isPrivate ? [{ cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" }] : toInternet));
    case "aws:ec2/getManagedPrefixList:getManagedPrefixList":
      return { addressFamily: "IPv4", maxEntries: 40, entries: [] };
    case "aws:ec2/getSubnet:getSubnet":
      return { vpcId: existing.vpc, availabilityZone: "eu-central-1c", ipv6CidrBlock: "" };
    case "aws:ec2/getAmi:getAmi":
      return ami();
    case "aws:kms/getKey:getKey":
      return kmsKey;
    case "aws:iam/getPolicy:getPolicy":
      return {
        policy: JSON.stringify({ Statement: { Effect: "Allow", NotAction: "iam:*", Resource: "*" } }),
      };
    case "aws:route53/getZone:getZone":
      if (inputs.privateZone && inputs.name === "corp.example.com") return { zoneId: "ZPRIVATE" };
      if (inputs.privateZone !== false)
        throw Object.assign(new Error(), { details: "no matching Route 53 Hosted Zone found" });
      assert.equal(inputs.name, "example.com");
      return {
        nameServers: ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"],
        zoneId: "Z0123456789",
        arn: zoneArn,
      };
    case "aws:ssm/getParameter:getParameter":
      return inputs.name === "/aws/service/debian/release/13/latest/arm64"
        ? { insecureValue: "ami-0123456789abcdef0" }
        : { arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${inputs.name}` };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: "123456789012" };
    case "pulumi:pulumi:readStackResourceOutputs":
      return { outputs: {} };
    case "aws:servicequotas/getServiceQuota:getServiceQuota":
      throw Object.assign(new Error(), { details: "AccessDenied" });
    case "aws:s3/getBucket:getBucket":
      throw Object.assign(new Error(), {
        details: `reading S3 Bucket (${inputs.bucket}): couldn't find resource`,
      });
    default:
      throw new Error(`unexpected call of ${token}`);
  }
};

export async function graphOf(
  change: Record<string, unknown> = {},
  monitoring: Record<string, unknown> = {},
  governance: Record<string, unknown> = {},
): Promise<AwsGraph> {
  const config = parseConfig({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname, zone: "example.com", tls: acme },
        access,
        ...change,
      },
    ],
    upstreams: [gsoci, team],
    "team-login": { username: "reader", password: { secure: "v1:x" } },
    ...(monitoring.remoteWrite !== undefined && { "metrics-login": { token: { secure: "v1:x" } } }),
    monitoring,
    governance,
  });
  const isPrivate = config.regions.some(
    (it) => "exposure" in it.endpoint && it.endpoint.exposure === "private",
  );
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  const remoteWriteCredentials = pulumi.secret({ token: "hunter3" });
  return awsGraph(config, { credentials, remoteWriteCredentials }, created, foundBy(isPrivate));
}

/** A resource's type without package and module, and its name. */
export function short({ type, name }: RegisteredResource): string {
  return `${type.split(":").at(-1)} ${name}`;
}

export function policyOf(resource: RegisteredResource) {
  return JSON.parse(String(resource.inputs.policy));
}

/** The text of all files of the region's Pod. */
export function pod({ resource }: AwsGraph): string {
  const bundle = String(resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1").inputs.content);
  return Object.values(JSON.parse(bundle)).join("\n");
}

export function userData({ resource }: AwsGraph): string {
  const packed = Buffer.from(String(resource("aws:ec2/instance:Instance").inputs.userDataBase64), "base64");
  assert.ok(packed.length <= 16_384);
  return gunzipSync(packed).toString();
}
