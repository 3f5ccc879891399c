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
 * The nodes that EKS Auto Mode brings and takes away by itself. Its deletion waits until none is left: a cluster that is deleted before leaves its security group behind, and that
 * keeps the VPC. What runs in the cluster depends on it, so it is deleted after that and before the cluster.
 * https://github.com/aws/aws-k8s-tester/pull/541
 */
export class ClusterNodes extends DynamicResource {
  constructor(name: string, args: Args<ClusterNodesInputs>, options: pulumi.CustomResourceOptions) {
    super(nodesProvider, "aws:ClusterNodes", name, args, options);
  }
}

/**
 * The security group that EKS makes for a cluster, and mostly deletes with it. Its deletion deletes what EKS has left. The cluster depends on it, and it on the network, so it is deleted
 * between the two.
 */
export class ClusterSecurityGroup extends DynamicResource {
  constructor(name: string, args: Args<ClusterSecurityGroupInputs>, options: pulumi.CustomResourceOptions) {
    super(securityGroupProvider, "aws:ClusterSecurityGroup", name, args, options);
  }
}
