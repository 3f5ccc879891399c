/** The configuration's tags on resources that a provider, EKS or AKS creates. test/engine tests those that the stack creates. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphOf as awsCluster, manifest } from "./aws-cluster-region.ts";
import { graphOf as awsVm } from "./aws-vm-region.ts";
import { graphOf as azureCluster } from "./azure-cluster-region.ts";

const tags = { "cost-center": "4711", owner: "platform team" };
const stack = { project: "registry-cache", stack: "test", "managed-by": "pulumi" };

test("tags everything in AWS by the provider, except objects in a bucket, which can have only ten tags", async () => {
  const { resource } = await awsVm({}, {}, { tags });
  const provider = resource("pulumi:providers:aws").inputs;
  assert.deepEqual(JSON.parse(String(provider.defaultTags)), { tags: { ...tags, ...stack } });
  const { overrideProvider } = resource("aws:s3/bucketObjectv2:BucketObjectv2", "eu-central-1").inputs;
  assert.deepEqual(overrideProvider, { defaultTags: { tags: stack } });
});

test("tags nodes in EKS by a class, runs Pods only on these nodes, and passes the tags to the load balancer's controller", async () => {
  const graph = await awsCluster({ replicas: { min: 2, max: 4 } }, { tags });
  const spec = (type: string) => graph.resource(type).inputs.spec as Record<string, unknown>;
  const nodeClass = "kubernetes:eks.amazonaws.com/v1:NodeClass";
  assert.deepEqual(spec(nodeClass), {
    role: "registry-cache-test-eu-central-1-nodes",
    subnetSelectorTerms: [0, 1, 2].map((index) => ({ id: `eu-central-1-nodes-${index}-id` })),
    securityGroupSelectorTerms: [{ id: "sg-1" }],
    tags: { ...tags, ...stack, Name: "registry-cache-test-eu-central-1-node" },
  });
  const pool = graph.resource("kubernetes:karpenter.sh/v1:NodePool");
  assert.ok(pool.dependencies.includes(`${nodeClass} eu-central-1-node-class`));
  const nodeSelector = { "kubernetes.io/arch": "arm64", "karpenter.sh/nodepool": "registry-cache" };
  const onLinux = { "kubernetes.io/os": "linux", ...nodeSelector };
  const deployment = graph.resource("kubernetes:apps/v1:Deployment");
  assert.deepEqual(
    (manifest(deployment).spec.template as { spec: { nodeSelector: unknown } }).spec.nodeSelector,
    onLinux,
  );
  const release = graph.resource("kubernetes:helm.sh/v3:Release");
  assert.deepEqual((release.inputs.values as { nodeSelector: unknown }).nodeSelector, onLinux);
  const addon = graph.resource("aws:eks/addon:Addon");
  assert.deepEqual(JSON.parse(String(addon.inputs.configurationValues)).nodeSelector, nodeSelector);
  for (const it of [release, addon]) {
    assert.ok(
      it.dependencies.includes("kubernetes:karpenter.sh/v1:NodePool eu-central-1-node-pool"),
      it.name,
    );
  }
  const { annotations } = manifest(graph.resource("kubernetes:core/v1:Service", "eu-central-1")).metadata;
  assert.equal(
    annotations["service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"],
    "cost-center=4711,owner=platform team,project=registry-cache,stack=test,managed-by=pulumi",
  );
  const policy = graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-cluster-tags").inputs;
  for (const { Action, Condition } of JSON.parse(String(policy.policy)).Statement) {
    const kind = Action.includes("ec2:DeleteTags") ? "ResourceTag" : "RequestTag";
    assert.deepEqual(Condition.StringEquals, {
      [`aws:${kind}/eks:eks-cluster-name`]: `\${aws:PrincipalTag/eks:eks-cluster-name}`,
    });
  }
  const group = graph.resources.filter(({ type }) => type === "aws:ec2/tag:Tag");
  assert.deepEqual(Object.fromEntries(group.map(({ inputs }) => [inputs.key, inputs.value])), {
    ...tags,
    ...stack,
  });
  assert.deepEqual(new Set(group.map(({ inputs }) => inputs.resourceId)), new Set(["sg-1"]));
});

test("tags nodes in AKS by their pool, and the rest by the cluster", async () => {
  const { find } = await azureCluster({}, undefined, {}, { tags });
  const cluster = find("ManagedCluster").inputs;
  assert.deepEqual(cluster.tags, { ...tags, ...stack });
  const [pool] = cluster.agentPoolProfiles as { tags?: unknown }[];
  assert.deepEqual(pool?.tags, { ...tags, ...stack });
  const [untagged] = (await azureCluster()).find("ManagedCluster").inputs.agentPoolProfiles as object[];
  assert.ok(untagged && !("tags" in untagged));
});
