/** Which resources a region on EKS is made of, and with what. It proves nothing about what AWS does with them: see test/engine. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { parseConfig } from "../../components/config/parse.ts";
import { type AwsGraph, awsGraph, routeTable, toInternet } from "../support/aws-graph.ts";
import { type RegisteredResource, settled } from "../support/graph.ts";

const hostname = "cache.eu-central-1.example.com";
const zoneArn = "arn:aws:route53:::hostedzone/Z0123456789";
const bucket = "registry-cache-9f86d081-123456789012-eu-central-1-an";
const loadBalancer = "k8s-1.elb.eu-central-1.amazonaws.com";
const existing = {
  vpc: "vpc-0aaaaaaaaaaaaaaa0",
  nodeSubnets: ["subnet-0aaaaaaaaaaaaaaa0", "subnet-0aaaaaaaaaaaaaaa1"],
  loadBalancerSubnets: ["subnet-0bbbbbbbbbbbbbbb0", "subnet-0bbbbbbbbbbbbbbb1"],
};

/** What the clouds would add, as far as other resources need it. */
function created(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "aws:eks/cluster:Cluster":
      return {
        endpoint: "https://1.eks.amazonaws.com",
        certificateAuthority: { data: "Q0E=" },
        vpcConfig: { ...(inputs.vpcConfig as object), clusterSecurityGroupId: "sg-1" },
      };
    case "aws:iam/role:Role":
      return { arn: `arn:aws:iam::123456789012:role/${inputs.name}` };
    case "aws:ec2/eip:Eip":
      return { allocationId: "eipalloc-1" };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ hostname: loadBalancer }] } } };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    default:
      return {};
  }
}

/** What AWS would find. */
function found(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token.split(":").at(-1)) {
    case "readStackResourceOutputs":
      return { outputs: {} };
    case "getAvailabilityZones":
      return { names: ["eu-central-1d", "eu-central-1b", "eu-central-1a", "eu-central-1c"] };
    case "getClusters":
      return { names: ["another"] };
    case "getZone":
      return { zoneId: "Z0123456789", arn: zoneArn };
    case "getHostedZoneId":
      assert.deepEqual(inputs, { loadBalancerType: "network", region: "eu-central-1" });
      return { id: "Z3F0SRJ5LGBH90" };
    case "getCallerIdentity":
      return { accountId: "123456789012" };
    case "getBucket":
      // As the engine hands over what a provider refuses.
      throw Object.assign(new Error(), { details: "reading S3 Bucket: couldn't find resource" });
    case "getSubnet": {
      const index = Number(String(inputs.id).at(-1));
      const isPublic = String(inputs.id).startsWith("subnet-0b");
      return {
        vpcId: existing.vpc,
        availabilityZone: `eu-central-1${"ab"[index]}`,
        cidrBlock: `10.9.${isPublic ? index : index + 8}.0/24`,
      };
    }
    case "getRouteTable":
      return routeTable(...toInternet);
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

async function graphOf(change: Record<string, unknown> = {}): Promise<AwsGraph> {
  const config = parseConfig({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "cluster",
        storage: { kind: "bucket", delivery: "redirect", expireDays: 30 },
        endpoint: {
          hostname,
          zone: "example.com",
          tls: { mode: "acme", email: "platform@example.com" },
        },
        access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
        apiAccess: ["198.51.100.0/24"],
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  return awsGraph(config, { credentials: {} }, created, found);
}

/** Types without package and module, each with its number. */
function counts(resources: readonly RegisteredResource[], pack: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { type } of resources.filter((it) => it.type.startsWith(`${pack}:`))) {
    const short = type.split(":").at(-1) ?? "";
    found[short] = (found[short] ?? 0) + 1;
  }
  return found;
}

function policyOf(resource: RegisteredResource) {
  return JSON.parse(String(resource.inputs.policy)).Statement;
}

interface Manifest {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Record<string, unknown>;
}

const manifest = (resource: RegisteredResource) => resource.inputs as unknown as Manifest;

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("is made of these, and nothing else", () => {
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

  test("has a small cluster whose nodes come by themselves, and whose API only the configuration's ranges reach", () => {
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

  test("waits for its nodes before the cluster goes, and for its security group before the network goes", () => {
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

  test("spreads nodes and load balancer over three zones, the nodes in private", () => {
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

  test("is reached by the AWS CLI's token, without a secret in the kubeconfig", () => {
    const provider = graph.resource("pulumi:providers:kubernetes");
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

  test("lets the Pods use their bucket, cert-manager prove one name, and neither anything else", () => {
    const pods = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-pods"));
    const resources = pods.map(({ Resource }: { Resource: string }) => Resource);
    assert.deepEqual(resources, [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]);
    const proof = policyOf(graph.resource("aws:iam/rolePolicy:RolePolicy", "eu-central-1-cert-manager"));
    assert.deepEqual(Object.values(proof.at(-1).Condition)[0], {
      "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
      "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
      "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
    });
    const associations = graph.resources.filter(({ type }) => type.endsWith(":PodIdentityAssociation"));
    assert.deepEqual(
      associations
        .map(({ inputs: { namespace, serviceAccount, roleArn } }) =>
          [namespace, serviceAccount, String(roleArn).split("eu-central-1-").at(-1)].join(" "),
        )
        .sort(),
      ["cert-manager cert-manager cert-manager", "registry-cache registry-cache pods"],
    );
  });

  test("starts Pods only when they get their identity", () => {
    const association = (part: string) =>
      `aws:eks/podIdentityAssociation:PodIdentityAssociation eu-central-1-${part}`;
    const namespace = graph.resource("kubernetes:core/v1:Namespace", "eu-central-1");
    assert.ok(namespace.dependencies.includes(association("pods")));
    assert.ok(
      namespace.dependencies.includes("kubernetes:cert-manager.io/v1:ClusterIssuer eu-central-1-issuer"),
    );
    const release = graph.resource("kubernetes:helm.sh/v3:Release");
    assert.ok(release.dependencies.includes(association("cert-manager")));
  });

  test("runs all Pods on the nodes that there are", () => {
    const scheduling = {
      nodeSelector: { "kubernetes.io/arch": "arm64" },
      tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
    };
    const { template } = manifest(graph.resource("kubernetes:apps/v1:Deployment")).spec;
    const { nodeSelector, tolerations } = (template as Manifest).spec;
    assert.deepEqual({ nodeSelector, tolerations }, scheduling);
    const { values } = graph.resource("kubernetes:helm.sh/v3:Release").inputs;
    assert.deepEqual((values as typeof scheduling).tolerations, scheduling.tolerations);
  });

  test("has a load balancer that lets in the clients, and keeps their addresses", () => {
    const { metadata, spec } = manifest(graph.resource("kubernetes:core/v1:Service"));
    const prefix = "service.beta.kubernetes.io/aws-load-balancer";
    assert.deepEqual(metadata.annotations, {
      [`${prefix}-scheme`]: "internet-facing",
      [`${prefix}-nlb-target-type`]: "ip",
      [`${prefix}-target-group-attributes`]: "preserve_client_ip.enabled=true",
      [`${prefix}-attributes`]: "load_balancing.cross_zone.enabled=true",
    });
    assert.deepEqual(spec.loadBalancerSourceRanges, ["203.0.113.0/24"]);
    assert.equal(spec.loadBalancerClass, "eks.amazonaws.com/nlb");
    const namespace = manifest(graph.resource("kubernetes:core/v1:Namespace", "eu-central-1"));
    assert.equal(namespace.metadata.labels["eks.amazonaws.com/pod-readiness-gate-inject"], "enabled");
    assert.deepEqual(
      graph.resource("kubernetes:core/v1:ConfigMap", "eu-central-1-network-policies").inputs.data,
      { "enable-network-policy-controller": "true" },
    );
  });

  test("points the name at the load balancer", async () => {
    const { inputs } = graph.resource("aws:route53/record:Record");
    assert.deepEqual(inputs, {
      zoneId: "Z0123456789",
      name: hostname,
      type: "A",
      aliases: [{ name: loadBalancer, zoneId: "Z3F0SRJ5LGBH90", evaluateTargetHealth: false }],
    });
    assert.equal(await settled(graph.host.address), loadBalancer);
    assert.equal(await settled(graph.host.ca), undefined);
  });
});

test("existing subnets: no network is made, and the load balancer is told where to go", async () => {
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

test("a private authority: there is no cert-manager, and clients are told what to trust", async () => {
  const graph = await graphOf({ endpoint: { hostname, zone: "example.com", tls: { mode: "private" } } });
  assert.ok(!graph.resources.some(({ type }) => /helm|cert-manager/.test(type)));
  assert.equal(counts(graph.resources, "aws").PodIdentityAssociation, 1);
  assert.equal((await settled(graph.host.ca))?.certificate, "CERTIFICATE\n");
});

test("without a zone, the record is left to others", async () => {
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  assert.equal(counts(graph.resources, "aws").Record, undefined);
});

test("for everyone: what clients have is IPv4", async () => {
  const graph = await graphOf({ access: { clients: "public" } });
  const { spec } = manifest(graph.resource("kubernetes:core/v1:Service"));
  assert.deepEqual(spec.loadBalancerSourceRanges, ["0.0.0.0/0"]);
});

test("replicas as load asks for them: what measures it comes with it", async () => {
  const graph = await graphOf({ replicas: { min: 2, max: 6 } });
  const { addonName, configurationValues } = graph.resource("aws:eks/addon:Addon").inputs;
  assert.equal(addonName, "metrics-server");
  assert.deepEqual(JSON.parse(String(configurationValues)).tolerations, [
    { key: "CriticalAddonsOnly", operator: "Exists" },
  ]);
  assert.equal(counts((await graphOf()).resources, "aws").Addon, undefined);
});
