/** A region in a cluster on AWS, and AWS's answers. */
import assert from "node:assert/strict";
import { parseConfig } from "../../components/config/parse.ts";
import {
  type AwsGraph,
  awsGraph,
  kmsKey,
  offersIn,
  routeTable,
  toInternet,
  toNat,
} from "../support/aws-graph.ts";
import type { RegisteredResource } from "../support/graph.ts";

export const hostname = "cache.eu-central-1.example.com";

const zoneArn = "arn:aws:route53:::hostedzone/Z0123456789";

export const bucket = "registry-cache-9f86d081-123456789012-eu-central-1-an";

export const loadBalancer = "k8s-1.elb.eu-central-1.amazonaws.com";

export const existing = {
  vpc: "vpc-0aaaaaaaaaaaaaaa0",
  nodeSubnets: ["subnet-0aaaaaaaaaaaaaaa0", "subnet-0aaaaaaaaaaaaaaa1"],
  loadBalancerSubnets: ["subnet-0bbbbbbbbbbbbbbb0", "subnet-0bbbbbbbbbbbbbbb1"],
};

/** The outputs that the clouds add, as far as other resources need them. */
function created(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "aws:eks/cluster:Cluster":
      return {
        endpoint: "https://1.eks.amazonaws.com",
        certificateAuthority: { data: "Q0E=" },
        vpcConfig: { ...(inputs.vpcConfig as object), clusterSecurityGroupId: "sg-1" },
      };
    case "aws:iam/role:Role":
      return { arn: `arn:aws:iam::123456789012:role/${inputs.name}` };
    case "aws:ec2/eip:Eip":
      return { allocationId: "eipalloc-1" };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ hostname: loadBalancer }] } } };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    default:
      return {};
  }
}

/** AWS's answers to look-ups. */
function found(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token.split(":").at(-1)) {
    case "readStackResourceOutputs":
      return { outputs: {} };
    case "getAvailabilityZones":
      return { names: ["eu-central-1d", "eu-central-1b", "eu-central-1a", "eu-central-1c"] };
    case "getKey":
      return kmsKey;
    case "getPolicy":
      return {
        policy: JSON.stringify({ Statement: { Effect: "Allow", Action: "*", Resource: "*" } }),
      };
    case "getClusters":
      return { names: ["another"] };
    case "getZone":
      if (inputs.privateZone !== false)
        throw Object.assign(new Error(), { details: "no matching Route 53 Hosted Zone found" });
      return { zoneId: "Z0123456789", arn: zoneArn, nameServers: ["ns-1.awsdns-01.com"] };
    case "getInstanceTypeOfferings":
      return offersIn(["eu-central-1a", "eu-central-1b"])(inputs);
    case "getServiceQuota":
      throw Object.assign(new Error(), { details: "AccessDenied" });
    case "getHostedZoneId":
      assert.deepEqual(inputs, { loadBalancerType: "network", region: "eu-central-1" });
      return { id: "Z3F0SRJ5LGBH90" };
    case "getCallerIdentity":
      return { accountId: "123456789012" };
    case "getBucket":
    case "getLogGroup":
      // In the form in which the engine passes on a provider's refusal.
      throw Object.assign(new Error(), { details: "reading it: couldn't find resource" });
    case "getLoadBalancer":
      return { arn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/k8s-1/1" };
    case "getSubnet": {
      const index = Number(String(inputs.id).at(-1));
      const isPublic = String(inputs.id).startsWith("subnet-0b");
      return {
        vpcId: existing.vpc,
        availabilityZone: `eu-central-1${"ab"[index]}`,
        cidrBlock: `10.9.${isPublic ? index : index + 8}.0/24`,
      };
    }
    case "getRouteTable":
      return routeTable(...(existing.nodeSubnets.includes(String(inputs.subnetId)) ? toNat : toInternet));
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

export async function graphOf(
  change: Record<string, unknown> = {},
  governance: Record<string, unknown> = {},
  workload: Record<string, unknown> = {},
): Promise<AwsGraph> {
  const config = parseConfig({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "cluster",
        storage: { kind: "bucket", delivery: "redirect", expireDays: 30 },
        endpoint: {
          hostname,
          zone: "example.com",
          tls: { mode: "acme", email: "platform@example.com" },
        },
        access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
        apiAccess: ["198.51.100.0/24"],
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    governance,
    workload,
  });
  return awsGraph(config, { credentials: {} }, created, found);
}

/** The number of resources per type, without package and module. */
export function counts(resources: readonly RegisteredResource[], pack: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { type } of resources.filter((it) => it.type.startsWith(`${pack}:`))) {
    const short = type.split(":").at(-1) ?? "";
    found[short] = (found[short] ?? 0) + 1;
  }
  return found;
}

export interface Manifest {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Record<string, unknown>;
}

export const manifest = (resource: RegisteredResource) => resource.inputs as unknown as Manifest;
