import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrivateRange } from "../../../config/access.ts";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import { ipv4Ranges } from "../../address-family.ts";
import type { AwsClusterPlan } from "./plan.ts";

type Region = Pick<AwsClusterRegion, "apiAccess">;

/** Whether the cluster's API has no public address: nobody who may reach it would come by one. */
export function isApiPrivate({ apiAccess }: Region): boolean {
  return apiAccess.every(isPrivateRange);
}

/** Who reaches the API at its public address; at the private one, the cluster's security group decides. https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html */
export function apiEndpoint(region: Region) {
  return isApiPrivate(region)
    ? { endpointPrivateAccess: true, endpointPublicAccess: false }
    : {
        endpointPrivateAccess: true,
        endpointPublicAccess: true,
        publicAccessCidrs: ipv4Ranges(region.apiAccess).filter((range) => !isPrivateRange(range)),
      };
}

/** @returns what must be there before the API is asked. */
export function openPrivateApi(
  name: string,
  { region, names }: AwsClusterPlan,
  { vpcConfig }: Pick<Cluster, "vpcConfig">,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return ipv4Ranges(region.apiAccess.filter(isPrivateRange)).map(
    (cidrIpv4) =>
      new SecurityGroupIngressRule(
        `${name}-api-${cidrIpv4}`,
        {
          securityGroupId: vpcConfig.clusterSecurityGroupId,
          description: "API of the cluster",
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          cidrIpv4,
          tags: names.tags("api"),
        },
        options,
      ),
  );
}
