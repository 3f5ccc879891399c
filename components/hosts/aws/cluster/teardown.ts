import * as pulumi from "@pulumi/pulumi";
import { providerPath } from "../../provider-path.ts";
import type { ClusterNodesInputs, ClusterSecurityGroupInputs } from "./teardown-provider.ts";

const module = providerPath(import.meta.url, "teardown-provider");

/** One line per method, for the reason that podman-pod-resource.ts gives. */
const load = async (): Promise<typeof import("./teardown-provider.ts")> =>
  import(`${process.cwd()}/${module}`);

const nodesProvider: pulumi.dynamic.ResourceProvider = {
  create: async (inputs) => (await load()).create(inputs),
  diff: async (_id, olds, news) => (await load()).diff(olds, news),
  delete: async (_id, state) => (await load()).waitForNodes(state),
};

const securityGroupProvider: pulumi.dynamic.ResourceProvider = {
  create: async (inputs) => (await load()).create(inputs),
  diff: async (_id, olds, news) => (await load()).diff(olds, news),
  delete: async (_id, state) => (await load()).deleteSecurityGroup(state),
};

type Args<Inputs> = { readonly [Name in keyof Inputs]: pulumi.Input<Inputs[Name]> };

/**
 * The nodes that EKS Auto Mode brings and takes away by itself. Its deletion waits until none is left: a cluster that is deleted before leaves its security group behind, and that
 * keeps the VPC. What runs in the cluster depends on it, so it is deleted after that and before the cluster.
 * https://github.com/aws/aws-k8s-tester/pull/541
 */
export class ClusterNodes extends pulumi.dynamic.Resource {
  constructor(name: string, args: Args<ClusterNodesInputs>, options: pulumi.CustomResourceOptions) {
    super(nodesProvider, name, args, options, "aws", "ClusterNodes");
  }
}

/**
 * The security group that EKS makes for a cluster, and mostly deletes with it. Its deletion deletes what EKS has left. The cluster depends on it, and it on the network, so it is deleted
 * between the two.
 */
export class ClusterSecurityGroup extends pulumi.dynamic.Resource {
  constructor(name: string, args: Args<ClusterSecurityGroupInputs>, options: pulumi.CustomResourceOptions) {
    super(securityGroupProvider, name, args, options, "aws", "ClusterSecurityGroup");
  }
}
