import { isPort } from "../checks.ts";
import type { Cloud, Request, Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { loadBalancerType } from "./eks.ts";
import { accountId } from "./existing.ts";
import { securityGroup, vpc } from "./security-group.ts";

const balancer = "aws:lb/loadBalancer:LoadBalancer";
const targetGroup = "aws:lb/targetGroup:TargetGroup";
const subnet = "aws:ec2/subnet:Subnet";
export const endpointService = "aws:ec2/vpcEndpointService:VpcEndpointService";

const invalid = (condition: unknown, message: string) => demand(condition, "ValidationError", message);

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html, https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html */
export const loadBalancers: Readonly<Record<string, Rules>> = {
  [balancer]: {
    replacing: ["name", "namePrefix", "internal", "loadBalancerType"],
    references: [
      { at: "subnets[*]", to: subnet },
      { at: "securityGroups[*]", to: securityGroup },
    ],
    check(inputs) {
      demandName(inputs);
      invalid(inputs.loadBalancerType === "network" && inputs.internal === true, "not an internal NLB");
    },
    admit({ cloud, scope, inputs }) {
      const networks = [
        ...valuesAt("subnets[*]", inputs).map((id) => cloud.find(subnet, String(id), scope)),
        ...valuesAt("securityGroups[*]", inputs).map((id) => cloud.find(securityGroup, String(id), scope)),
      ].map((it) => it?.inputs.vpcId);
      invalid(new Set(networks).size === 1, "subnets and security groups of several networks");
    },
    create: (request) => idOf(request, "loadbalancer/net"),
    delete: ({ id }, cloud) => demandUnlinked(id, cloud),
  },

  [targetGroup]: {
    replacing: [
      ...["name", "namePrefix", "port", "protocol", "targetType", "vpcId"],
      ...["ipAddressType", "protocolVersion"],
    ],
    references: [{ at: "vpcId", to: vpc }],
    check(inputs) {
      demandName(inputs);
      invalid(inputs.protocol === "TCP" && isPort(Number(inputs.port)), `${inputs.protocol} ${inputs.port}`);
    },
    create: (request) => idOf(request, "targetgroup"),
  },

  "aws:lb/targetGroupAttachment:TargetGroupAttachment": {
    replacing: ["targetGroupArn", "targetId", "port"],
    references: [{ at: "targetGroupArn", to: targetGroup }],
    check: ({ targetId }) => invalid(/^(?:10|172|192)\.[\d.]+$/.test(String(targetId)), `target ${targetId}`),
    create: ({ cloud, inputs }) => ({ id: `${inputs.targetGroupArn}-${cloud.digits(12)}` }),
    // The id for an import: https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroupattachment/#import
    importId: ({ inputs }) => [inputs.targetGroupArn, inputs.targetId, inputs.port].join(),
  },

  "aws:lb/listener:Listener": {
    replacing: ["loadBalancerArn"],
    references: [
      { at: "loadBalancerArn", to: balancer, onDelete: "delete" },
      { at: "defaultActions[*].targetGroupArn", to: targetGroup },
    ],
    check: ({ protocol }) => invalid(protocol === "TCP", `listener of ${protocol}`),
    create: ({ cloud, inputs }) => {
      const arn = text("loadBalancerArn", inputs).replace(":loadbalancer/", ":listener/");
      const id = `${arn}/${cloud.digits(16)}`;
      return { id, outputs: { arn: id } };
    },
  },

  /** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpointServiceConfiguration.html */
  [endpointService]: {
    replacing: [],
    check(inputs) {
      const principals = valuesAt("allowedPrincipals[*]", inputs).map(String);
      demand(
        principals.length > 0 &&
          principals.every((it) => /^arn:aws:iam::\d{12}:(?:root|user\/.+|role\/.+)$/.test(it)),
        "InvalidPrincipal",
        `principals ${principals}`,
      );
    },
    admit({ cloud, inputs }) {
      const arns = valuesAt("networkLoadBalancerArns[*]", inputs);
      const known = [...cloud.things(balancer).map(({ id }) => id), ...madeByClusters(cloud)];
      demand(
        arns.every((arn) => known.includes(String(arn))),
        "InvalidLoadBalancerArn",
        `${arns}`,
      );
    },
    create({ cloud, scope }) {
      const id = `vpce-svc-${cloud.digits(17)}`;
      return { id, outputs: { serviceName: `com.amazonaws.vpce.${scope}.${id}` } };
    },
  },
};

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html */
export function demandUnlinked(arn: string, cloud: Cloud): void {
  const isLinked = cloud
    .things(endpointService)
    .some(({ inputs }) => valuesAt("networkLoadBalancerArns[*]", inputs).includes(arn));
  demand(!isLinked, "ResourceInUse", `${arn} is currently associated with another service`);
}

/** The ARN of a load balancer with this name, created by a cluster's controller. */
export function arnOf(name: string, scope: string): string {
  return `arn:aws:elasticloadbalancing:${scope}:${accountId}:loadbalancer/net/${name}/0123456789abcdef`;
}

function madeByClusters(cloud: Cloud): string[] {
  return cloud.things(loadBalancerType).map(({ id, scope }) => arnOf(id, scope));
}

export function getLoadBalancer(inputs: Inputs, { cloud, scope }: Pick<Request, "cloud" | "scope">): Inputs {
  const name = text("name", inputs);
  const found = cloud.find(loadBalancerType, name, scope);
  demand(found, "LoadBalancerNotFound", `Load balancers '[${name}]' not found`);
  const arn = arnOf(name, scope);
  return { id: arn, arn, name };
}

/** The provider accepts a prefix of up to 6 characters, and adds 26: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-network-load-balancer.html */
function demandName(inputs: Inputs): void {
  const name = valueAt("name", inputs) ?? `${text("namePrefix", inputs)}${"x".repeat(26)}`;
  const fits = /^(?!internal-)[0-9A-Za-z](?:[0-9A-Za-z-]{0,30}[0-9A-Za-z])?$/.test(String(name));
  invalid(fits && text("namePrefix", inputs).length <= 6, `name ${name}`);
}

function idOf({ cloud, scope, inputs }: Request, kind: string) {
  const name = inputs.name ?? `${inputs.namePrefix}${cloud.digits(26)}`;
  const id = `arn:aws:elasticloadbalancing:${scope}:${accountId}:${kind}/${name}/${cloud.digits(16)}`;
  return { id, outputs: { arn: id } };
}
