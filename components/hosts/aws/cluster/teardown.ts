import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, type OperationsBy, providerText } from "../../dynamic-resource.ts";
import type { ClusterNodesInputs, ClusterSecurityGroupInputs } from "./teardown-provider.ts";

type Provider = typeof import("./teardown-provider.ts");

const provider = (deletion: Required<OperationsBy<Provider>>["delete"]) =>
  providerText<Provider>(import.meta.url, "teardown-provider", {
    create: (module, inputs) => module.create(inputs),
    diff: (module, _id, olds, news) => module.diff(olds, news),
    delete: deletion,
  });

const nodesProvider = provider((module, _id, state) => module.waitForNodes(state));
const securityGroupProvider = provider((module, _id, state) => module.deleteSecurityGroup(state));

type Args<Inputs> = { readonly [Name in keyof Inputs]: pulumi.Input<Inputs[Name]> };

/**
 * The nodes that EKS Auto Mode adds and removes by itself. A deletion of this resource waits until no node is left. If the cluster is deleted earlier, its security group remains, and the
 * VPC can't be deleted. Everything that runs in the cluster depends on this resource, so it is deleted after that and before the cluster.
 * https://github.com/aws/aws-k8s-tester/pull/541
 */
export class ClusterNodes extends DynamicResource {
  constructor(name: string, args: Args<ClusterNodesInputs>, options: pulumi.CustomResourceOptions) {
    super(nodesProvider, "aws:ClusterNodes", name, args, options);
  }
}

/**
 * The security group that EKS creates for a cluster and usually deletes with it. A deletion of this resource deletes what EKS left behind. The cluster depends on it, and it depends on the
 * network, so it is deleted after the cluster and before the network.
 */
export class ClusterSecurityGroup extends DynamicResource {
  constructor(name: string, args: Args<ClusterSecurityGroupInputs>, options: pulumi.CustomResourceOptions) {
    super(securityGroupProvider, "aws:ClusterSecurityGroup", name, args, options);
  }
}
