/** The double must refuse what EKS and a cluster in AWS refuse. Otherwise, a stack that passes proves nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeleteSecurityGroupCommand, DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { awsCloud } from "./aws/aws.ts";
import { clusterSurroundings } from "./aws/cluster-surroundings.ts";
import { serveEc2 } from "./aws/ec2-api.ts";
import { loadBalancerType, managedPolicies } from "./aws/eks.ts";
import { existing } from "./aws/existing.ts";
import { securityGroup } from "./aws/security-group.ts";
import type { Cloud, Thing } from "./cloud.ts";
import { kubernetesCloud } from "./kubernetes/kubernetes.ts";
import { filling, type Made, testRefusals } from "./refusals.ts";
import { type Inputs, valueAt } from "./values.ts";

const region = "us-east-1";
const trust = (service: string, actions: readonly string[], more: Inputs = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { Service: service }, Action: actions, ...more },
  });
const eksActions = ["sts:AssumeRole", "sts:TagSession"];
const scheduling = { tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }] };

function make(): Made {
  const { cloud, things, add } = filling(awsCloud(), region);
  const role = (name: string, service: string, actions: readonly string[]) =>
    add(name, "aws:iam/role:Role", { name, assumeRolePolicy: trust(service, actions) }).outputs.arn;
  const roleArn = role("cluster-role", "eks.amazonaws.com", eksActions);
  const nodeRoleArn = role("node-role", "ec2.amazonaws.com", ["sts:AssumeRole"]);
  for (const policy of managedPolicies) {
    for (const name of ["cluster-role", "node-role"]) {
      add(`${name}-${policy}`, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
        role: name,
        policyArn: `arn:aws:iam::aws:policy/${policy}`,
      });
    }
  }
  add("logs", "aws:cloudwatch/logGroup:LogGroup", { name: "/aws/eks/cache/cluster", retentionInDays: 30 });
  add("cluster", "aws:eks/cluster:Cluster", {
    name: "cache",
    version: "1.35",
    roleArn,
    bootstrapSelfManagedAddons: false,
    accessConfig: { authenticationMode: "API" },
    computeConfig: { enabled: true, nodePools: ["system"], nodeRoleArn },
    kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
    storageConfig: { blockStorage: { enabled: true } },
    vpcConfig: { subnetIds: [...existing.nodeSubnets], publicAccessCidrs: ["198.51.100.0/24"] },
    enabledClusterLogTypes: ["audit"],
  });
  const podRole = role("pod-role", "pods.eks.amazonaws.com", eksActions);
  add("rights", "aws:iam/rolePolicy:RolePolicy", {
    name: "own",
    role: "pod-role",
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*" }],
    }),
  });
  add("association", "aws:eks/podIdentityAssociation:PodIdentityAssociation", {
    clusterName: "cache",
    namespace: "cache",
    serviceAccount: "cache",
    roleArn: podRole,
  });
  add("foreign-role", "aws:iam/role:Role", {
    name: "foreign-role",
    assumeRolePolicy: trust("pods.eks.amazonaws.com", eksActions, {
      Condition: { StringEquals: { "aws:SourceAccount": "210987654321" } },
    }),
  });
  add("addon", "aws:eks/addon:Addon", { clusterName: "cache", addonName: "metrics-server" });
  return { cloud, things };
}

const cluster = make().things.cluster as Thing;
const vpcConfig = cluster.inputs.vpcConfig as Inputs;

testRefusals(make, {
  "a version that EKS doesn't have": { of: "cluster", with: { version: "1.20" }, says: /Kubernetes version/ },
  "half of Auto Mode": {
    of: "cluster",
    with: { storageConfig: undefined },
    says: /Auto Mode is enabled as a whole/,
  },
  "add-ons that Auto Mode has itself": {
    of: "cluster",
    with: { bootstrapSelfManagedAddons: undefined },
    says: /bootstrapSelfManagedAddons/,
  },
  "a name with a point": { of: "cluster", with: { name: "a.b" }, says: /cluster name a\.b/ },
  "a second cluster of the name": { of: "cluster", with: {}, says: /AlreadyExists/ },
  "subnets in one zone": {
    of: "cluster",
    with: { name: "b", vpcConfig: { ...vpcConfig, subnetIds: [existing.nodeSubnets[0]] } },
    says: /two different AZs/,
  },
  "a range of IPv6": {
    of: "cluster",
    with: { vpcConfig: { ...vpcConfig, publicAccessCidrs: ["2001:db8::/32"] } },
    says: /publicAccessCidrs/,
  },
  "a private range, and a reserved one": {
    of: "cluster",
    with: { vpcConfig: { ...vpcConfig, publicAccessCidrs: ["10.0.0.0/8", "224.0.0.0/4"] } },
    says: /not allowed in publicAccessCidrs: 10\.0\.0\.0\/8,224\.0\.0\.0\/4/,
  },
  "a role that doesn't let it in": {
    of: "cluster",
    with: { name: "b", roleArn: "arn:aws:iam::123456789012:role/node-role" },
    says: /Trust relationship/,
  },
  "an add-on that there isn't": { of: "addon", with: { addonName: "metric" }, says: /metric specified/ },
  "values that aren't JSON": { of: "addon", with: { configurationValues: "{" }, says: /not valid/ },
  "two identities of a service account": { of: "association", with: {}, says: /AlreadyExists/ },
  "an identity whose role lets in others": {
    of: "association",
    with: { serviceAccount: "b", roleArn: "arn:aws:iam::123456789012:role/cluster-role" },
    says: /Trust relationship/,
  },
  "an identity whose role is for clusters of another account": {
    of: "association",
    with: { serviceAccount: "b", roleArn: "arn:aws:iam::123456789012:role/foreign-role" },
    says: /Trust relationship/,
  },
  "a retention that there isn't": { of: "logs", with: { name: "b", retentionInDays: 31 }, says: /retention/ },
});

test("accepts a range of the API that contains reserved ranges", () => {
  const publicAccessCidrs = ["0.0.0.0/1", "128.0.0.0/1"];
  const inputs = { ...cluster.inputs, vpcConfig: { ...vpcConfig, publicAccessCidrs } };
  make().cloud.update(cluster.type, "cache", inputs, region);
});

test("refuses to move a cluster to another network", () => {
  const { cloud, things } = make();
  const vpc = cloud.create("aws:ec2/vpc:Vpc", "other", { cidrBlock: "10.8.0.0/16" }, region);
  const subnetIds = ["a", "c"].map((zone, index) => {
    const inputs = {
      vpcId: vpc.id,
      availabilityZone: `${region}${zone}`,
      cidrBlock: `10.8.${index}.0/24`,
    };
    return cloud.create("aws:ec2/subnet:Subnet", zone, inputs, region).id;
  });
  const { inputs, outputs } = things.cluster as Thing;
  assert.equal(valueAt("vpcConfig.vpcId", outputs), existing.clusterVpc);
  const moved = { ...inputs, vpcConfig: { ...vpcConfig, subnetIds } };
  assert.throws(() => cloud.update(cluster.type, "cache", moved, region), /VPC other than the cluster's/);
});

test("refuses to skip a version, or to go back to an earlier one", () => {
  for (const version of ["1.34", "1.36"]) {
    const { cloud } = make();
    const update = () => cloud.update(cluster.type, "cache", { ...cluster.inputs, version }, region);
    if (version === "1.36") update();
    else assert.throws(update, /Unsupported Kubernetes minor version update/);
  }
});

test("refuses a cluster whose role lacks its rights", () => {
  const { cloud, things } = make();
  cloud.remove(things["cluster-role-AmazonEKSComputePolicy"] as Thing);
  assert.throws(
    () => cloud.create(cluster.type, "b", { ...cluster.inputs, name: "b" }, region),
    /InvalidRequestException: roleArn lacks AmazonEKSComputePolicy/,
  );
});

test("creates a missing log group with the cluster, and then refuses another one of its name", () => {
  const { cloud, things } = make();
  cloud.create(cluster.type, "b", { ...cluster.inputs, name: "b" }, region);
  const { type, inputs } = things.logs as Thing;
  const create = () => cloud.create(type, "b", { ...inputs, name: "/aws/eks/b/cluster" }, region);
  assert.throws(create, /AlreadyExists/);
});

/** Adds the cloud around the cluster of {@link make}. */
function inside() {
  const { cloud, things } = make();
  const made = things.cluster as Thing;
  const clusters = kubernetesCloud(clusterSurroundings(cloud), cloud.operations);
  const server = String(made.outputs.endpoint);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "cache" } };
  clusters.create("kubernetes:core/v1:Namespace", "cache", namespace, server);
  const metadata = { name: "cache", namespace: "cache" };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata };
  clusters.create("kubernetes:core/v1:ServiceAccount", "cache", account, server);
  const deployment = (pod: Inputs) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { selector: {}, template: { spec: { containers: [{}], serviceAccountName: "cache", ...pod } } },
  });
  const deploy = (pod: Inputs) =>
    clusters.create("kubernetes:apps/v1:Deployment", "cache", deployment(pod), server);
  return { cloud, clusters, things, server, metadata, deploy };
}

test("refuses Pods that no node accepts, and Pods without rights", () => {
  const { cloud, things, deploy } = inside();
  assert.throws(() => deploy({}), /FailedScheduling: no nodepool matched/);
  cloud.remove(things.association as Thing);
  assert.throws(() => deploy(scheduling), /NoCredentialProviders: cache\/cache has no rights/);
});

test("requires a tagged subnet for a load balancer, and keeps the cluster and the subnets while there is one", () => {
  const { cloud, clusters, server, metadata } = inside();
  const prefix = "service.beta.kubernetes.io/aws-load-balancer";
  const service = (annotations: Inputs) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, annotations: { [`${prefix}-scheme`]: "internet-facing", ...annotations } },
    spec: { type: "LoadBalancer", ports: [{ port: 443 }] },
  });
  const create = (annotations: Inputs, change: Inputs = {}) => {
    const { spec, ...rest } = service(annotations);
    const changed = { ...rest, spec: { ...spec, ...change } };
    return clusters.create("kubernetes:core/v1:Service", "cache", changed, server);
  };
  assert.throws(
    () => create({}, { loadBalancerClass: "service.k8s.aws/nlb" }),
    /Pending: no controller takes/,
  );
  assert.throws(() => create({}), /FailedBuildModel: couldn't auto-discover subnets/);
  const made = create({ [`${prefix}-subnets`]: existing.loadBalancerSubnets.join(", ") });
  const deleteCluster = () => cloud.delete(cluster.type, "cache", region);
  assert.throws(deleteCluster, /OrphanedLoadBalancer/);
  const [subnet = ""] = existing.loadBalancerSubnets;
  assert.throws(() => cloud.delete("aws:ec2/subnet:Subnet", subnet, region), /DependencyViolation/);
  clusters.delete(made.type, made.id, server);
  assert.deepEqual(cloud.things(loadBalancerType), []);
  deleteCluster();
  // Nothing in the cluster can be reached any more.
  assert.throws(() => clusters.delete("kubernetes:core/v1:Namespace", "cache", server), /ConnectionRefused/);
});

/** Asks EC2 as the stack does before the cluster is deleted. */
async function askEc2<Answer>(cloud: Cloud, ask: (client: EC2Client) => Promise<Answer>): Promise<Answer> {
  await using api = await serveEc2(cloud);
  const client = new EC2Client({
    region,
    endpoint: api.environment.AWS_ENDPOINT_URL_EC2 ?? "",
    credentials: { accessKeyId: "id", secretAccessKey: "key" },
  });
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}

/** The security groups that the account didn't have at the start. */
function groupsIn(cloud: Cloud): readonly Thing[] {
  return cloud.things(securityGroup).filter(({ name }) => name !== undefined);
}

function groupOf({ outputs }: Thing): string {
  return String(valueAt("vpcConfig.clusterSecurityGroupId", outputs));
}

test("keeps nodes for a while after their last Pod, and shows them only to requests for managed resources", async () => {
  const { cloud, clusters, things, server, deploy } = inside();
  deploy(scheduling);
  const Filters = [{ Name: "instance.group-id", Values: [groupOf(things.cluster as Thing)] }];
  const count = (client: EC2Client, IncludeManagedResources: boolean) =>
    client
      .send(new DescribeInstancesCommand({ Filters, IncludeManagedResources }))
      .then(({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances).length);
  await askEc2(cloud, async (client) => {
    assert.equal(await count(client, true), 1);
    assert.equal(await count(client, false), 0);
    clusters.delete("kubernetes:core/v1:Namespace", "cache", server);
    assert.deepEqual([await count(client, true), await count(client, true)], [1, 1]);
    assert.equal(await count(client, true), 0);
  });
  cloud.delete(cluster.type, "cache", region);
  assert.deepEqual(groupsIn(cloud), [], "the group goes with a cluster without nodes");
});

test("leaves a security group, which blocks the network's deletion, when a cluster is deleted before its nodes", async () => {
  const { cloud, things, deploy } = inside();
  deploy(scheduling);
  const GroupId = groupOf(things.cluster as Thing);
  cloud.delete(cluster.type, "cache", region);
  assert.deepEqual(
    groupsIn(cloud).map(({ id, inputs }) => [id, inputs.vpcId]),
    [[GroupId, existing.clusterVpc]],
  );
  await askEc2(cloud, async (client) => {
    await client.send(new DeleteSecurityGroupCommand({ GroupId }));
    const again = client.send(new DeleteSecurityGroupCommand({ GroupId }));
    await assert.rejects(again, { name: "InvalidGroup.NotFound" });
  });
});

describe("nodes of the stack's own pool", () => {
  const class_ = {
    kind: "NodeClass",
    metadata: { name: "own" },
    spec: {
      role: "node-role",
      subnetSelectorTerms: [{ id: existing.nodeSubnets[0] }],
      securityGroupSelectorTerms: [{ id: "" }],
      tags: { team: "a" },
    },
  };
  const pool = {
    kind: "NodePool",
    metadata: { name: "own" },
    spec: {
      template: {
        spec: {
          nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: "own" },
          requirements: [{ key: "kubernetes.io/arch", operator: "In", values: ["arm64"] }],
        },
      },
    },
  };

  /** An account whose cluster has the pool. */
  function withPool(change: Inputs = {}) {
    const { cloud, things } = make();
    const { nodeObjects, admitPods } = clusterSurroundings(cloud);
    const group = valueAt("vpcConfig.clusterSecurityGroupId", (things.cluster as Thing).outputs);
    const spec = { ...class_.spec, securityGroupSelectorTerms: [{ id: group }], ...change };
    nodeObjects?.keep("cache", { ...class_, spec });
    nodeObjects?.keep("cache", pool);
    return (nodeSelector: Record<string, string>) =>
      admitPods("cache", "cache", { serviceAccountName: "cache", nodeSelector });
  }

  const selector = { "karpenter.sh/nodepool": "own", "kubernetes.io/arch": "arm64" };

  test("refuses a class with another role or network, or with tags that EKS reserves", () => {
    assert.throws(() => withPool({ role: "pod-role" }), /pod-role has no access entry/);
    assert.throws(() => withPool({ subnetSelectorTerms: [{ id: "subnet-0c" }] }), /subnetSelectorTerms/);
    assert.throws(() => withPool({ securityGroupSelectorTerms: [{ id: "sg-0" }] }), /securityGroupSelector/);
    assert.throws(() => withPool({ tags: { "kubernetes.io/cluster/cache": "owned" } }), /spec\.tags/);
  });

  test("refuses Pods for another pool or processor, because no node fits", () => {
    const admit = withPool({ tags: {} });
    admit(selector);
    assert.throws(() => admit({ ...selector, "karpenter.sh/nodepool": "other" }), /no nodepool matched/);
    assert.throws(() => admit({ "karpenter.sh/nodepool": "own" }), /has no amd64/);
  });

  test("requires rights that EKS's own policies lack for a node with tags", () => {
    assert.throws(() => withPool()(selector), /cluster-role may not tag in ec2:CreateFleet/);
  });
});
