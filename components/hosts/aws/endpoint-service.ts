import { VpcEndpointService } from "@pulumi/aws/ec2/vpcEndpointService.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsPlan } from "./naming.ts";

/**
 * The endpoint service that other accounts' VPC endpoints connect to: https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html. Allowed principals connect without further acceptance.
 * @param loadBalancer ARN of the Network Load Balancer
 * @returns the service's name, or undefined if the configuration has no private link
 */
export function createEndpointService(
  { names, region }: AwsPlan,
  loadBalancer: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  const { privateLink } = region.endpoint;
  if (!privateLink) return undefined;
  const service = new VpcEndpointService(
    region.name,
    {
      acceptanceRequired: false,
      networkLoadBalancerArns: [loadBalancer],
      allowedPrincipals: privateLink.allowed.map((it) => (/^\d+$/.test(it) ? `arn:aws:iam::${it}:root` : it)),
      tags: names.tags("private-link"),
    },
    options,
  );
  return service.serviceName;
}
