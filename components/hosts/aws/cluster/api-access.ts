import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrivateRange } from "../../../config/access.ts";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { sha256 } from "../../naming.ts";
import type { AwsClusterPlan } from "./plan.ts";

type Region = Pick<AwsClusterRegion, "apiAccess">;

/** Whether the cluster's API needs no public address, because only private ranges may reach it. */
export function isApiPrivate({ apiAccess }: Region): boolean {
  return apiAccess.every(isPrivateRange);
}

/** The API's endpoints. `publicAccessCidrs` limits the public one; the cluster's security group limits the private one. https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html */
export function apiEndpoint(region: Region) {
  return isApiPrivate(region)
    ? { endpointPrivateAccess: true, endpointPublicAccess: false }
    : {
        endpointPrivateAccess: true,
        endpointPublicAccess: true,
        publicAccessCidrs: ipv4Ranges(region.apiAccess).filter((range) => !isPrivateRange(range)),
      };
}

/** Opens the private endpoint to the configured private ranges. @returns what must exist before the API is used */
export function openPrivateApi(
  { region, names }: AwsClusterPlan,
  { vpcConfig }: Pick<Cluster, "vpcConfig">,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return ipv4Ranges(region.apiAccess.filter(isPrivateRange)).map(
    (cidrIpv4) =>
      new SecurityGroupIngressRule(
        `${region.name}-api-${cidrIpv4}`,
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

/** https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html */
const policies = {
  view: "AmazonEKSViewPolicy",
  edit: "AmazonEKSEditPolicy",
  admin: "AmazonEKSAdminPolicy",
  clusterAdmin: "AmazonEKSClusterAdminPolicy",
} as const;

/** Gives identities access to the cluster's API, in addition to the identity that created the cluster. */
export function createAccessEntries(
  { region: { name }, governance: { clusterAccess = [] } = {} }: AwsClusterPlan,
  clusterName: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  for (const { principalArn, policy, namespaces } of clusterAccess) {
    // The name depends on the identity, so a change of the order changes nothing.
    const resource = `${name}-access-${sha256(principalArn).slice(0, 8)}`;
    const entry = new AccessEntry(resource, { clusterName, principalArn, type: "STANDARD" }, options);
    new AccessPolicyAssociation(
      resource,
      {
        clusterName,
        principalArn: entry.principalArn,
        policyArn: `arn:aws:eks::aws:cluster-access-policy/${policies[policy]}`,
        accessScope: namespaces ? { type: "namespace", namespaces: [...namespaces] } : { type: "cluster" },
      },
      options,
    );
  }
}
