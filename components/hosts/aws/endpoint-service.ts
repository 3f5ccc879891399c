import { VpcEndpointService } from "@pulumi/aws/ec2/vpcEndpointService.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsPlan } from "./naming.ts";

/**
 * What the VPC endpoints of other accounts lead to: https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html. Who is allowed needs no further acceptance.
 * @param loadBalancer its ARN.
 * @returns its name, where the configuration asks for it.
 */
export function createEndpointService(
  name: string,
  { names, region }: AwsPlan,
  loadBalancer: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  const { privateLink } = region.endpoint;
  if (!privateLink) return undefined;
  const service = new VpcEndpointService(
    name,
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
