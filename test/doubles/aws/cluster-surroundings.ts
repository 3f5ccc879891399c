/** The AWS resources around an account's clusters: identities, nodes, load balancers. */
import type { Cloud } from "../cloud.ts";
import { demand } from "../faults.ts";
import type { Surroundings } from "../kubernetes/kubernetes.ts";
import { changedPaths, type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { quotaOf } from "./account.ts";
import { demandWithinBoundary, inlineActions } from "./boundary.ts";
import { clusterType, loadBalancerType } from "./eks.ts";
import { demandBucketKeys } from "./kms.ts";
import { arnOf, demandUnlinked } from "./load-balancer.ts";
import { demandTagging, forgetObject, keepObject, poolFor } from "./node-pools.ts";
import { endPods, startPods } from "./nodes.ts";

/** The class of the controller that Auto Mode includes, which is the default. */
const loadBalancerClass = "eks.amazonaws.com/nlb";
const annotation = "service.beta.kubernetes.io/aws-load-balancer-";

/** The actions with which EKS creates a node by the cluster's role: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSComputePolicy.html */
const launching = [
  "ec2:CreateFleet",
  "ec2:RunInstances",
  "ec2:CreateLaunchTemplate",
  "ec2:CreateTags",
  "iam:AddRoleToInstanceProfile",
  "iam:PassRole",
];

/** The actions of a node's role: https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html */
const joining = ["eks-auth:AssumeRoleForPodIdentity", "ecr:GetAuthorizationToken", "ecr:BatchGetImage"];

/** https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSLoadBalancingPolicy.html */
const balancing = [
  "elasticloadbalancing:CreateLoadBalancer",
  "elasticloadbalancing:AddTags",
  "elasticloadbalancing:RegisterTargets",
  "ec2:CreateSecurityGroup",
  "ec2:AuthorizeSecurityGroupIngress",
];

/** The actions that change the tags of a load balancer and of its security group. https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html#tag-prop */
const retagging = [
  "elasticloadbalancing:AddTags",
  "elasticloadbalancing:RemoveTags",
  "ec2:CreateTags",
  "ec2:DeleteTags",
];

export function clusterSurroundings(cloud: Cloud): Surroundings {
  const clusterBy = (id: string) => {
    const found = cloud.things(clusterType).find((it) => it.id === id);
    demand(found, "ResourceNotFoundException", `No cluster found for name: ${id}.`);
    return found;
  };

  /** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/ */
  const tagLoadBalancer = (cluster: string, id: string, service: Inputs) => {
    const found = clusterBy(cluster);
    const annotations = (valueAt("metadata.annotations", service) ?? {}) as Record<string, string>;
    const pairs = annotations[`${annotation}additional-resource-tags`]?.split(",") ?? [];
    const tags = Object.fromEntries(
      pairs.map((pair) => [pair.split("=")[0]?.trim(), pair.slice(pair.indexOf("=") + 1).trim()]),
    );
    const balancer = cloud.find(loadBalancerType, id, found.scope);
    const had = balancer?.outputs.tagsAll;
    const actions = had === undefined ? ["elasticloadbalancing:CreateLoadBalancer"] : retagging;
    if (changedPaths(had, tags).length > 0) demandTagging(cloud, found, tags, actions);
    if (balancer) cloud.keep({ ...balancer, outputs: { ...balancer.outputs, tagsAll: tags } });
  };

  return {
    cluster(server) {
      const found = cloud.things(clusterType).find(({ outputs }) => outputs.endpoint === server);
      if (!found) return undefined;
      return { id: found.id, certificateAuthority: text("certificateAuthority.data", found.outputs) };
    },

    network: () => undefined,

    admitPods(cluster, namespace, { serviceAccountName, nodeSelector, tolerations = [] }) {
      const found = clusterBy(cluster);
      const { inputs } = found;
      const pools = valuesAt("computeConfig.nodePools[*]", inputs);
      const isTolerated = tolerations.some(
        ({ key, operator }) => key === "CriticalAddonsOnly" && operator === "Exists",
      );
      const pool = poolFor(cloud, found, nodeSelector);
      const isBuiltIn = pools.includes("general-purpose")
        ? nodeSelector?.["kubernetes.io/arch"] !== "arm64"
        : pools.includes("system") && isTolerated;
      const fits = pool !== undefined || isBuiltIn;
      demand(fits, "FailedScheduling", `no nodepool matched the Pods of ${namespace}`);
      const association = cloud
        .things("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        .find(({ id }) => id === `${cluster}/${namespace}/${serviceAccountName}`);
      const role = text("roleArn", association?.inputs ?? {})
        .split("/")
        .at(-1);
      const hasRights = cloud.things("aws:iam/rolePolicy:RolePolicy").some((it) => it.inputs.role === role);
      demand(hasRights, "NoCredentialProviders", `${namespace}/${serviceAccountName} has no rights in AWS`);
      demandBucketKeys({ cloud, scope: found.scope }, String(role));
      demandWithinBoundary(cloud, String(role), inlineActions(cloud, String(role)));
      demandWithinBoundary(cloud, roleIn("roleArn", inputs), launching);
      demandWithinBoundary(cloud, roleIn("computeConfig.nodeRoleArn", inputs), joining);
      startPods(cloud, found, `${namespace}/${serviceAccountName}`, pool);
    },

    endPods: (cluster, namespace, { serviceAccountName }) =>
      endPods(cloud, cluster, `${namespace}/${serviceAccountName}`),

    openLoadBalancer(cluster, service) {
      const { scope, inputs } = clusterBy(cluster);
      demandWithinBoundary(cloud, roleIn("roleArn", inputs), balancing);
      const wanted = text("spec.loadBalancerClass", service) || loadBalancerClass;
      const isOurs = valueAt("kubernetesNetworkConfig.elasticLoadBalancing.enabled", inputs) === true;
      demand(isOurs && wanted === loadBalancerClass, "Pending", `no controller takes the class ${wanted}`);
      const annotations = (valueAt("metadata.annotations", service) ?? {}) as Record<string, string>;
      const network = text(
        "vpcId",
        cloud.find(subnet, text("vpcConfig.subnetIds[0]", inputs), scope)?.inputs ?? {},
      );
      const named = annotations[`${annotation}subnets`]?.split(", ");
      const isPublic = annotations[`${annotation}scheme`] === "internet-facing";
      const tag = `kubernetes.io/role/${isPublic ? "elb" : "internal-elb"}`;
      const tagged = cloud
        .things(subnet)
        .filter((it) => it.inputs.vpcId === network && valueAt("tags", it.inputs) !== undefined)
        .filter((it) => (it.inputs.tags as Record<string, string>)[tag] === "1")
        .map(({ id }) => id);
      const subnets = named ?? tagged;
      demand(
        subnets.length > 0,
        "FailedBuildModel",
        "couldn't auto-discover subnets: no suitable ones found",
      );
      const ranges = valuesAt("spec.loadBalancerSourceRanges[*]", service).map(String);
      // The controller creates one group for all sources: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/security_groups/
      demand(
        ranges.length <= quotaOf("rulesOfGroup", { cloud, scope }),
        "FailedDeployModel",
        `RulesPerSecurityGroupLimitExceeded: ${ranges.length} ingress rules`,
      );
      const id = `k8s-${cloud.digits(12)}`;
      const hostname = `${id}-0123456789abcdef.elb.${scope}.amazonaws.com`;
      cloud.keep({
        id,
        type: loadBalancerType,
        name: text("metadata.name", service),
        scope,
        inputs: { cluster, subnets, isPublic, ranges, ports: valuesAt("spec.ports[*].port", service) },
        outputs: { hostname },
      });
      tagLoadBalancer(cluster, id, service);
      return { id, ingress: { hostname } };
    },

    tagLoadBalancer,

    nodeObjects: {
      keep: (cluster, object) => keepObject(cloud, clusterBy(cluster), object),
      forget: (cluster, object) => forgetObject(cloud, cluster, object),
    },

    closeLoadBalancer(cluster, id) {
      const { scope } = clusterBy(cluster);
      const found = cloud.find(loadBalancerType, id, scope);
      if (!found) return;
      demandUnlinked(arnOf(id, scope), cloud);
      cloud.remove(found);
    },
  };
}

/** A role's name from its ARN. */
function roleIn(path: string, inputs: Inputs): string {
  return text(path, inputs).split("/").at(-1) ?? "";
}

const subnet = "aws:ec2/subnet:Subnet";
