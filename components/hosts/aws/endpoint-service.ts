import { VpcEndpointService } from "@pulumi/aws/ec2/vpcEndpointService.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsRegion } from "../../config/schema.ts";
import type { Names } from "./naming.ts";

export interface EndpointServiceArgs {
  readonly names: Names;
  readonly endpoint: AwsRegion["endpoint"];
  /** ARN. */
  readonly loadBalancer: pulumi.Input<string>;
}

/**
 * What the VPC endpoints of other accounts lead to: https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html. Who is allowed needs no further acceptance.
 * @returns its name, where the configuration asks for it.
 */
export function createEndpointService(
  name: string,
  { names, endpoint: { privateLink }, loadBalancer }: EndpointServiceArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
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
