/** The resources of a region on EKS, and their inputs. test/engine tests what AWS does with them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import type { AwsGraph } from "../support/aws-graph.ts";
import type { RegisteredResource } from "../support/graph.ts";
import { counts, existing, graphOf, hostname, manifest } from "./aws-cluster-region.ts";

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("has these resources, and no others", () => {
    assert.deepEqual(counts(graph.resources, "aws"), {
      Vpc: 1,
      DefaultSecurityGroup: 1,
      InternetGateway: 1,
      Subnet: 6,
      RouteTable: 2,
      Route: 2,
      RouteTableAssociation: 6,
      Eip: 1,
      NatGateway: 1,
      VpcEndpoint: 1,
      Role: 4,
      RolePolicyAttachment: 7,
      RolePolicy: 3,
      LogGroup: 1,
      Cluster: 1,
      PodIdentityAssociation: 2,
      Bucket: 1,
      BucketOwnershipControls: 1,
      BucketPublicAccessBlock: 1,
      BucketServerSideEncryptionConfiguration: 1,
      BucketPolicy: 1,
      BucketLifecycleConfiguration: 1,
      Record: 1,
    });
    const own = graph.resources.filter((it) => it.parent.startsWith("registry-cache:aws:ClusterHost"));
    const inCluster = own.filter(({ type }) => type.startsWith("kubernetes:")).map(({ type }) => type);
    assert.deepEqual(inCluster.sort(), [
      "kubernetes:cert-manager.io/v1:ClusterIssuer",
      "kubernetes:core/v1:ConfigMap",
      "kubernetes:core/v1:Namespace",
      "kubernetes:helm.sh/v3:Release",
    ]);
    for (const it of own) assert.ok(!it.protect, it.name);
  });

  test("has a small cluster whose nodes start as needed, and whose API is reachable only from the configuration's ranges", () => {
    const { inputs } = graph.resource("aws:eks/cluster:Cluster");
    const { vpcConfig, computeConfig, ...rest } = inputs;
    assert.deepEqual(rest, {
      name: "registry-cache-test-eu-central-1",
      version: "1.36",
      roleArn: "arn:aws:iam::123456789012:role/registry-cache-test-eu-central-1-cluster",
      bootstrapSelfManagedAddons: false,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
      upgradePolicy: { supportType: "STANDARD" },
      enabledClusterLogTypes: ["audit", "authenticator"],
      tags: { Name: "registry-cache-test-eu-central-1" },
    });
    assert.deepEqual(computeConfig, {
      enabled: true,
      nodePools: ["system"],
      nodeRoleArn: "arn:aws:iam::123456789012:role/registry-cache-test-eu-central-1-nodes",
    });
    assert.deepEqual(vpcConfig, {
      subnetIds: [0, 1, 2].map((index) => `eu-central-1-nodes-${index}-id`),
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["198.51.100.0/24"],
    });
    const { name, retentionInDays } = graph.resource("aws:cloudwatch/logGroup:LogGroup").inputs;
    assert.deepEqual([name, retentionInDays], ["/aws/eks/registry-cache-test-eu-central-1/cluster", 30]);
  });

  test("deletes the cluster after its nodes, and the network after the cluster's security group", () => {
    const nodes = graph.resource("pulumi-nodejs:dynamic/aws:ClusterNodes");
    const group = graph.resource("pulumi-nodejs:dynamic/aws:ClusterSecurityGroup");
    const clusterName = "registry-cache-test-eu-central-1";
    assert.equal(nodes.inputs.securityGroupId, "sg-1");
    for (const { inputs } of [nodes, group]) {
      assert.deepEqual([inputs.region, inputs.clusterName], ["eu-central-1", clusterName]);
    }
    const idOf = ({ type, name }: RegisteredResource) => `${type} ${name}`;
    const cluster = graph.resource("aws:eks/cluster:Cluster");
    assert.ok(nodes.dependencies.includes(idOf(cluster)));
    assert.ok(graph.resource("pulumi:providers:kubernetes").dependencies.includes(idOf(nodes)));
    assert.ok(cluster.dependencies.includes(idOf(group)));
    assert.ok(
      group.dependencies.includes("aws:ec2/routeTableAssociation:RouteTableAssociation eu-central-1-nodes-0"),
    );
  });

  test("spreads nodes and load balancer over three zones, with the nodes in private subnets", () => {
    const subnets = graph.resources.filter(({ type }) => type === "aws:ec2/subnet:Subnet");
    const of = (part: string) =>
      subnets
        .filter(({ name }) => name.includes(part))
        .map(({ inputs, ignoreChanges }) => [inputs.availabilityZone, inputs.cidrBlock, ...ignoreChanges]);
    assert.deepEqual(of("nodes"), [
      ["eu-central-1a", "10.0.0.0/20", "availabilityZone"],
      ["eu-central-1b", "10.0.16.0/20", "availabilityZone"],
      ["eu-central-1c", "10.0.32.0/20", "availabilityZone"],
    ]);
    assert.deepEqual(
      of("load-balancer").map(([, range]) => range),
      ["10.0.240.0/24", "10.0.241.0/24", "10.0.242.0/24"],
    );
    assert.equal(
      graph.resource("aws:ec2/route:Route", "eu-central-1-nodes").inputs.natGatewayId,
      "eu-central-1-id",
    );
    const endpoint = graph.resource("aws:ec2/vpcEndpoint:VpcEndpoint").inputs;
    assert.deepEqual(endpoint.routeTableIds, ["eu-central-1-nodes-id"]);
  });

  test("connects by the AWS CLI's token, without a secret in the kubeconfig, and changes Secrets in place", () => {
    const provider = graph.resource("pulumi:providers:kubernetes");
    assert.equal(String(provider.inputs.enableSecretMutable), "true");
    const config = new KubeConfig();
    config.loadFromString(String(provider.inputs.kubeconfig));
    assert.equal(config.getCurrentCluster()?.server, "https://1.eks.amazonaws.com");
    assert.equal(config.getCurrentCluster()?.caData, "Q0E=");
    const { name: _, exec, ...secrets } = config.getCurrentUser() ?? {};
    assert.deepEqual(
      Object.values(secrets).filter((it) => it !== undefined),
      [],
    );
    assert.equal(
      [exec.command, ...exec.args].join(" "),
      "aws --region eu-central-1 eks get-token --cluster-name registry-cache-test-eu-central-1 --output json",
    );
  });
});

test("puts a private endpoint's load balancer next to the nodes", async () => {
  const endpoint = { hostname, zone: "example.com", exposure: "private", tls: { mode: "private" } };
  const { resource } = await graphOf({ endpoint, access: { clients: ["172.16.0.0/12"] } });
  const service = resource("kubernetes:core/v1:Service");
  const prefix = "service.beta.kubernetes.io/aws-load-balancer";
  assert.equal(manifest(service).metadata.annotations[`${prefix}-scheme`], "internal");
  const policy = JSON.stringify(resource("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs.spec);
  for (const range of ["172.16.0.0/12", "10.0.0.0/20", "10.0.32.0/20"])
    assert.ok(policy.includes(`"cidr":"${range}"`), range);
  assert.ok(!policy.includes("10.0.240.0/24"));
});

test("serves the API at its public address for public ranges, and at its private one for private ranges", async () => {
  const api = async (apiAccess: string[]) => {
    const { resource, resources } = await graphOf({ apiAccess });
    const { subnetIds: _, ...vpcConfig } = resource("aws:eks/cluster:Cluster").inputs.vpcConfig as Record<
      string,
      unknown
    >;
    const rules = resources.filter(({ type }) => type.endsWith(":SecurityGroupIngressRule"));
    return { ...vpcConfig, rules: rules.map(({ inputs }) => inputs.cidrIpv4) };
  };
  const endpointPrivateAccess = true;
  assert.deepEqual(await api(["198.51.100.0/24", "10.0.0.0/8"]), {
    ...{ endpointPrivateAccess, endpointPublicAccess: true, publicAccessCidrs: ["198.51.100.0/24"] },
    rules: ["10.0.0.0/8"],
  });
  assert.deepEqual(await api(["10.0.0.0/8"]), {
    ...{ endpointPrivateAccess, endpointPublicAccess: false },
    rules: ["10.0.0.0/8"],
  });
});

test("proves the name in the zone of the configuration, and checks it at that zone's own name servers", async () => {
  const tls = { mode: "acme", email: "platform@example.com", challengeZone: "example.com" };
  const { resource } = await graphOf({
    endpoint: { hostname, exposure: "private", tls },
    access: { clients: ["10.0.0.0/8"] },
  });
  const { values } = resource("kubernetes:helm.sh/v3:Release").inputs as { values: Record<string, unknown> };
  assert.equal(values.dns01RecursiveNameservers, "ns-1.awsdns-01.com:53");
  assert.equal(values.dns01RecursiveNameserversOnly, true);
});

test("creates no network for existing subnets, and tells the load balancer which of them to use", async () => {
  const graph = await graphOf({ network: existing });
  const made = counts(graph.resources, "aws");
  for (const type of ["Vpc", "Subnet", "NatGateway", "Eip", "Route"]) assert.equal(made[type], undefined);
  const { metadata } = manifest(graph.resource("kubernetes:core/v1:Service"));
  assert.equal(
    metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-subnets"],
    existing.loadBalancerSubnets.join(", "),
  );
  const policy = graph.resource("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
  for (const range of ["203.0.113.0/24", "10.9.0.0/24", "10.9.1.0/24"]) {
    assert.ok(JSON.stringify(policy.spec).includes(`"cidr":"${range}"`), range);
  }
});
