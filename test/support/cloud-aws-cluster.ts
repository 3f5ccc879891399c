import { awsCloud } from "../doubles/aws/aws.ts";
import { clusterSurroundings } from "../doubles/aws/cluster-surroundings.ts";
import { clusterType, loadBalancerType } from "../doubles/aws/eks.ts";
import { accountId, existing } from "../doubles/aws/existing.ts";
import type { Thing } from "../doubles/cloud.ts";
import { CloudError } from "../doubles/faults.ts";
import { kubernetesCloud } from "../doubles/kubernetes/kubernetes.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import type { ClusterCase } from "./cloud-cluster-case.ts";
import { exposureOf, violationsOf } from "./posture.ts";
import type { Config } from "./stack-files.ts";

const { clusterVpc: vpc, nodeSubnets, loadBalancerSubnets } = existing;

export const awsCluster: ClusterCase = {
  provider: "aws",
  file: "stacks/Pulumi.aws-us-east-1.yaml",
  newAccount() {
    const cloud = awsCloud();
    return { cloud, clusters: kubernetesCloud(clusterSurroundings(cloud), cloud.operations) };
  },
  // Leaves a network interface, as the cluster's network plugin sometimes does: https://github.com/aws/aws-k8s-tester/pull/416
  leaveBehind(cloud) {
    for (const { scope, inputs, outputs } of cloud.things(clusterType)) {
      const subnetId = valueAt("vpcConfig.subnetIds[0]", inputs);
      const securityGroups = [valueAt("vpcConfig.clusterSecurityGroupId", outputs)];
      const type = "aws:ec2/networkInterface:NetworkInterface";
      const id = `eni-${cloud.digits(17)}`;
      cloud.keep({ id, type, name: "lost", scope, inputs: { subnetId, securityGroups }, outputs: {} });
    }
  },
  programs: ["aws"],
  cluster: clusterType,
  versionOf: ({ inputs }) => String(inputs.version),
  upgrade: ["update Cluster …"],
  inPlace: [
    "create Addon",
    "create HorizontalPodAutoscaler",
    "update BucketLifecycleConfiguration",
    "update Cluster",
    "update Deployment",
    "update NetworkPolicy",
    "update Service",
  ],
  beforeCluster: ["Subnet", "Route", "NatGateway", "RolePolicyAttachment", "LogGroup"],
  violations: (things, region) => [
    ...violationsOf(things, exposureOf([region])),
    ...clusterViolations(things, region),
  ],

  faults: {
    "a name that is taken": {
      kind: "create",
      type: "aws:iam/role:Role",
      error: new CloudError(
        "EntityAlreadyExists",
        "Role with name registry-cache-us-east-1-nodes already exists.",
      ),
    },
    "a cluster too many": {
      kind: "create",
      type: clusterType,
      error: new CloudError("ResourceLimitExceededException", "Cluster limit exceeded for account"),
    },
    "a zone without machines": {
      kind: "create",
      type: "kubernetes:apps/v1:Deployment",
      error: new CloudError(
        "ProgressDeadlineExceeded",
        "Minimum number of Pods to consider the application live was not attained",
      ),
    },
  },

  mistakes: {
    "all that is wrong with the text": {
      region: {
        version: "36",
        storage: { kind: "disk" },
        network: { vpc, nodeSubnets: [nodeSubnets[0]] },
        apiAccess: [],
        replicas: { min: 3, max: 2 },
        endpoint: { hostname: "cache.example.com", tls: { mode: "provided", secretName: "tls" } },
      },
      told: [
        /regions\[0\]\.version: "36" is not a minor version of Kubernetes: write it in quotes, like "1\.36"/,
        /regions\[0\]\.storage\.kind: must be `bucket` here/,
        /regions\[0\]\.network\.nodeSubnets: must have at least 2 entries/,
        /regions\[0\]\.network\.loadBalancerSubnets: is missing: /,
        /regions\[0\]\.apiAccess: /,
        /regions\[0\]\.replicas\.max: is less than `min`/,
        /regions\[0\]\.endpoint\.tls\.mode: /,
      ],
    },
    "all that EKS doesn't have": {
      region: {
        name: "us-eest-1",
        version: "1.33",
        access: { clients: ["203.0.113.0/24", "2001:db8::/32"] },
        apiAccess: ["2001:db8::/32"],
      },
      told: [
        /regions\[0\]\.name: "us-eest-1" is not a region of the public AWS cloud: did you mean "us-(?:ea|we)st-1"\?/,
        /regions\[0\]\.version: EKS's support of Kubernetes 1\.33 ended on 2026-07-29/,
        /regions\[0\]\.access\.clients\[1\]: 2001:db8::\/32 is IPv6, but clients reach a cluster only by IPv4/,
        /regions\[0\]\.apiAccess\[0\]: 2001:db8::\/32 is IPv6/,
      ],
    },
    "all that isn't in the account, or doesn't fit": {
      region: {
        network: {
          vpc,
          nodeSubnets: [nodeSubnets[0], "subnet-0cccccccccccccccc"],
          loadBalancerSubnets: [loadBalancerSubnets[1], nodeSubnets[1]],
        },
        endpoint: { hostname: "cache.example.org", zone: "example.org", tls: { mode: "private" } },
      },
      told: [
        /regions\[0\]\.endpoint\.zone: the public hosted zone example\.org can't be found: NotFound: /,
        /regions\[0\]\.network\.nodeSubnets: all are in us-east-1a, and a cluster has two availability zones at least/,
        /regions\[0\]\.network\.nodeSubnets\[0\]: subnet-0d+0 is in us-east-1a, where the load balancer has no subnet, only in us-east-1c/,
        /regions\[0\]\.network\.nodeSubnets\[1\]: subnet-0c+ can't be found: InvalidSubnetID\.NotFound: /,
        /regions\[0\]\.network\.loadBalancerSubnets\[1\]: subnet-0d+1 is in us-east-1c, like subnet-0e+1, and a load balancer has one/,
      ],
    },
    "a private endpoint whose nodes have no way out": {
      region: {
        network: { vpc, nodeSubnets: loadBalancerSubnets, loadBalancerSubnets },
        endpoint: { hostname: "cache.example.com", exposure: "private", tls: { mode: "private" } },
        access: { clients: ["10.0.0.0/8"] },
      },
      told: [
        /regions\[0\]\.network\.nodeSubnets\[0\]: subnet-0e+0 has a default route to igw-0d+, which takes no private address/,
        /regions\[0\]\.network\.nodeSubnets\[1\]: subnet-0e+1 has a default route to igw-0d+/,
      ],
    },
    "an API that nobody reaches": {
      region: {
        endpoint: {
          hostname: "cache.example.com",
          zone: "example.com",
          exposure: "private",
          failover: "dns",
          tls: { mode: "private" },
        },
        access: { clients: ["10.0.0.0/8"] },
        apiAccess: ["10.0.0.0/8"],
      },
      told: [
        /regions\[0\]\.endpoint\.failover: is for a machine/,
        /regions\[0\]\.apiAccess: has private ranges only, and the network that the stack makes isn't connected to another one/,
      ],
    },
    "a boundary that forbids what the cluster needs": {
      keys: { governance: { permissionsBoundary: existing.narrowBoundary } },
      region: {},
      told: [
        /governance\.permissionsBoundary: forbids what EKS Auto Mode needs: ec2:CreateSecurityGroup, iam:AddRoleToInstanceProfile, iam:PassRole\. Add/,
        /governance\.permissionsBoundary: forbids what a node needs: eks-auth:AssumeRoleForPodIdentity, ecr:GetAuthorizationToken, /,
        /governance\.permissionsBoundary: forbids what a replica needs: s3:GetBucketLocation, s3:ListBucket, /,
      ],
    },
    "subnets of another network": {
      region: { network: { vpc: existing.vpc, nodeSubnets, loadBalancerSubnets } },
      told: [/regions\[0\]\.network\.nodeSubnets\[0\]: subnet-0d+0 is in vpc-0d+, not in vpc-0a+/],
    },
  },

  governedNetwork: {},
  governed: {
    allowedAccountIds: [accountId],
    permissionsBoundary: existing.boundary,
    iamPath: "/platform/",
    kmsKey: existing.key,
    clusterAccess: [{ principalArn: existing.onCall, policy: "edit", namespaces: ["registry-cache"] }],
  },
  adopting: { network: { vpc, nodeSubnets, loadBalancerSubnets } },
  adoptedTypes: ["Vpc", "Subnet", "InternetGateway", "NatGateway"],
  staysThere: /regions\[0\]\.network\.vpc: the cluster is in `vpc-0d+`, and can't move: /,
};

/** What is wrong with a cluster and its load balancers, apart from the general rules. */
function clusterViolations(things: readonly Thing[], region: Config): string[] {
  const same = (one: readonly unknown[], other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const clusters = things.filter(({ type }) => type === clusterType);
  const balancers = things.filter(({ type }) => type === loadBalancerType);
  return [
    ...(clusters.length === 1 && balancers.length === 1 ? [] : ["not one cluster with one load balancer"]),
    ...clusters.flatMap(({ inputs }) => [
      ...(same(valuesAt("vpcConfig.publicAccessCidrs[*]", inputs), region.apiAccess)
        ? []
        : ["the API is open to others"]),
      ...(valueAt("upgradePolicy.supportType", inputs) === "STANDARD" ? [] : ["it may become expensive"]),
    ]),
    ...balancers.flatMap(({ inputs }) => [
      ...(same(valuesAt("ranges[*]", inputs), valueAt("access.clients", region))
        ? []
        : ["others are let in"]),
      ...(same(valuesAt("ports[*]", inputs), [443]) ? [] : ["other ports are open"]),
    ]),
  ];
}
