/** Each rule finds its violations. test/engine/policy.test.ts, test/graph and the tests with the clouds' doubles test that all stacks comply. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseConfig } from "../../components/config/parse.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import { configurationViolations, resourceViolations } from "../../policy/judge.ts";
import type { Resource } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { parseSettings, readSettings } from "../../policy/settings.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { scope, tempDir } from "../support/scope.ts";
import { stackFiles } from "../support/stack-files.ts";
import { isTaggable } from "../support/tags.ts";

const parts = scope({ after });

type Props = Record<string, unknown>;

/** A violation, and its messages. */
type Example = readonly [type: string, props: Props, messages: readonly string[], rest?: Partial<Resource>];

const pinned = `registry.example.com/a:1@sha256:${"0".repeat(64)}`;

const ingress = (rule: Props) => ({ ingress: [rule] });
const policy = (...Statement: Props[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: unknown, Resource: unknown, rest: Props = {}) =>
  policy({ Effect: "Allow", Action, Resource, ...rest });
const instance = { encrypted: true };
const metadataOptions = {
  httpTokens: "required",
  httpPutResponseHopLimit: 1,
  instanceMetadataTags: "disabled",
};
const machine = { rootBlockDevice: instance, metadataOptions, tags: { Name: "a" } };
const account = {
  enableHttpsTrafficOnly: true,
  minimumTlsVersion: "TLS1_2",
  allowSharedKeyAccess: false,
  allowBlobPublicAccess: false,
  tags: { project: "a", stack: "b", "managed-by": "c" },
};
const { tags } = account;
const container = {
  name: "edge",
  image: pinned,
  resources: { limits: { memory: "1Gi" } },
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};
const pod = {
  automountServiceAccountToken: false,
  securityContext: { seccompProfile: { type: "RuntimeDefault" } },
  containers: [container],
};
const workload = (spec: Props) => ({ spec: { template: { spec: { ...pod, ...spec } } } });
const withContainer = (change: Props) => workload({ containers: [{ ...container, ...change }] });
const denial = (direction: string) => ({ direction, access: "Deny", priority: 4096 });
const bundle = JSON.stringify({ "parts/edge/image": "nginx:1", "parts/edge/pod": "a" });
const userData = Buffer.concat([Buffer.from("digest\n"), gzipSync(bundle)]).toString("base64");

const firewall = (...rules: Props[]) => ({
  securityRules: [...rules, denial("Inbound"), denial("Outbound")],
  tags,
});
const inbound = { direction: "Inbound", access: "Allow" };
/** The rules of the subnet of a cluster's nodes. */
const subnetRules = (destination: string) => [
  {
    ...inbound,
    sourceAddressPrefixes: ["10.0.0.0/24"],
    destinationAddressPrefixes: ["10.0.0.0/24"],
    destinationPortRange: "*",
  },
  { ...inbound, sourceAddressPrefix: "AzureLoadBalancer", destinationPortRange: "*" },
  denial("Inbound"),
  {
    direction: "Outbound",
    access: "Allow",
    protocol: "*",
    destinationAddressPrefix: destination,
    destinationPortRange: "*",
  },
];

const role = "azure-native:authorization:RoleAssignment";
const roleOf = (id: string) => `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const blobContributor = roleOf("ba92f5b4-2d11-453d-a403-e96b0029c9fe");
const reader = roleOf("acdd72a7-3385-48ef-bd42-f606fba81ae7");
const encryptionSet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/d";
const ofOwnCluster = {
  Condition: {
    StringEquals: { "aws:RequestTag/eks:eks-cluster-name": `\${aws:PrincipalTag/eks:eks-cluster-name}` },
  },
};
const ofClustersOwn = {
  Condition: {
    StringEquals: { "aws:ResourceTag/eks:eks-cluster-name": `\${aws:PrincipalTag/eks:eks-cluster-name}` },
  },
};
const networkContributor = roleOf("4d97b98b-1d4f-4787-a291-c67834d212e7");

const examples: Readonly<Record<string, readonly Example[]>> = {
  "open-ports": [
    [
      "aws:ec2/securityGroup:SecurityGroup",
      ingress({ fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }),
      ["opens port 22 to everyone"],
    ],
    [
      "aws:ec2/securityGroup:SecurityGroup",
      ingress({ fromPort: 9443, toPort: 9443, cidrBlocks: ["0.0.0.0/0", "198.51.100.0/24"] }),
      ["opens port 9443 to everyone"],
    ],
    [
      "aws:ec2/securityGroup:SecurityGroup",
      ingress({ fromPort: 443, toPort: 444, prefixListIds: ["pl-1"] }),
      ["opens ports 443 to 444 to pl-1"],
    ],
    [
      "aws:ec2/securityGroupRule:SecurityGroupRule",
      { type: "ingress", protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["10.0.0.0/8"] },
      ["opens ports 0 to 65535 to 10.0.0.0/8"],
    ],
    [
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      { ipProtocol: "tcp", fromPort: 80, toPort: 80, cidrIpv4: "0.0.0.0/0" },
      ["opens port 80 to everyone"],
    ],
    [
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
      ingress({ self: true }),
      ["lets its members reach each other: leave out `ingress` and `egress`"],
    ],
    [
      "azure-native:network:NetworkSecurityGroup",
      firewall({ ...inbound, sourceAddressPrefix: "*", destinationPortRanges: ["443", "22"] }),
      ["opens port 22 to everyone"],
    ],
    [
      "azure-native:network:NetworkSecurityGroup",
      firewall({ ...inbound, sourceAddressPrefixes: ["203.0.113.0/24"], destinationPortRange: "*" }),
      ["opens ports 0 to 65535 to 203.0.113.0/24"],
    ],
    [
      "azure-native:network:NetworkSecurityGroup",
      { securityRules: [denial("Inbound")], tags },
      [
        "lets in or out what no rule matches: end both directions with a rule that denies everything, priority 4096",
      ],
    ],
    [
      "azure-native:network:NetworkSecurityGroup",
      { securityRules: subnetRules("10.0.0.0/24"), tags },
      [
        "lets in or out what no rule matches: end both directions with a rule that denies everything, priority 4096",
      ],
    ],
    [
      "azure-native:network:SecurityRule",
      { ...inbound, sourceAddressPrefix: "Internet", destinationPortRange: "8000-8080" },
      ["opens ports 8000 to 8080 to everyone"],
    ],
    ["azure-native:network:NetworkInterface", { tags }, ["has no firewall: name a `networkSecurityGroup`"]],
    [
      "kubernetes:core/v1:Service",
      { spec: { type: "LoadBalancer", ports: [{ port: 80, targetPort: "endpoint" }] } },
      ["opens port 80 to everyone"],
    ],
  ],
  "least-privilege": [
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow(["s3:*", "s3:GetObject"], "arn:aws:s3:::bucket/*") },
      ["allows the action s3:*"],
    ],
    ["aws:iam/policy:Policy", { policy: allow("s3:GetObject", "*") }, ["allows s3:GetObject on *"]],
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow("kms:Decrypt", "arn:aws:kms:eu-central-1:*:key/*") },
      ["allows kms:Decrypt on arn:aws:kms:eu-central-1:*:key/*"],
    ],
    ...["arn:aws:s3:::*", "arn:aws:s3:::a*/*", "arn:aws:s3:::a?/*"].map(
      (arn): Example => [
        "aws:iam/rolePolicy:RolePolicy",
        {
          policy: allow("kms:Decrypt", "arn:aws:kms:eu-central-1:*:key/*", {
            Condition: { StringLike: { "kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::bucket", arn] } },
          }),
        },
        ["allows kms:Decrypt on arn:aws:kms:eu-central-1:*:key/*"],
      ],
    ),
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: policy({ Effect: "Allow", Action: "s3:GetObject", NotResource: "arn:aws:s3:::a/b" }) },
      ["allows everything but what `NotResource` names"],
    ],
    [
      "aws:iam/role:Role",
      { assumeRolePolicy: policy({ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }) },
      ["can be taken by everyone"],
    ],
    [
      "aws:iam/role:Role",
      {
        assumeRolePolicy: policy({
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: "sts:AssumeRole",
        }),
      },
      ["can be taken for a cluster of another account: name the account in `aws:SourceAccount`"],
    ],
    [
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      { policyArn: "arn:aws:iam::aws:policy/job-function/AdministratorAccess" },
      ["attaches AdministratorAccess, which isn't one of `managedPolicies`"],
    ],
    [
      role,
      { roleDefinitionId: blobContributor, scope: "/subscriptions/s/resourceGroups/g" },
      ["gives rights on /subscriptions/s/resourceGroups/g"],
    ],
    [
      "aws:iam/rolePolicy:RolePolicy",
      {
        policy: allow("ec2:RunInstances", "*", {
          Condition: { StringEquals: { "aws:RequestTag/eks:eks-cluster-name": "another" } },
        }),
      },
      ["allows ec2:RunInstances on *"],
    ],
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow("elasticloadbalancing:RemoveTags", "*", ofOwnCluster) },
      ["allows elasticloadbalancing:RemoveTags on *"],
    ],
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow("elasticloadbalancing:RemoveTags", "*", ofClustersOwn) },
      [],
    ],
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: allow("ec2:TerminateInstances", "*", ofOwnCluster) },
      ["allows ec2:TerminateInstances on *"],
    ],
    [role, { roleDefinitionId: blobContributor, scope: encryptionSet }, [`gives rights on ${encryptionSet}`]],
    [
      role,
      { roleDefinitionId: networkContributor, scope: "/subscriptions/s" },
      ["gives rights on /subscriptions/s"],
    ],
  ],
  encryption: [
    ["aws:ebs/volume:Volume", { encrypted: false }, ["isn't encrypted: set `encrypted`"]],
    [
      "aws:ec2/instance:Instance",
      { ...machine, ebsBlockDevices: [{ encrypted: false }] },
      ["has a disk that isn't encrypted: set `encrypted`"],
    ],
    [
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      { rules: [] },
      ["doesn't name AES256 or a key of KMS"],
    ],
    ["aws:ssm/parameter:Parameter", { type: "String" }, ["isn't encrypted: its type must be SecureString"]],
    [
      "azure-native:compute:Disk",
      { tags },
      [
        "isn't encrypted at rest",
        "can be exported over the network: set `networkAccessPolicy: DenyAll` and `publicNetworkAccess: Disabled`",
      ],
    ],
    [
      "azure-native:storage:StorageAccount",
      { ...account, minimumTlsVersion: "TLS1_0" },
      ["takes plain HTTP or old TLS"],
    ],
  ],
  "private-stores": [
    [
      "azure-native:storage:StorageAccount",
      { ...account, allowSharedKeyAccess: true, allowBlobPublicAccess: true },
      [
        "is open to keys: set `allowSharedKeyAccess: false`",
        "may be made public: set `allowBlobPublicAccess: false`",
        "has no ManagementPolicy of the same name",
      ],
    ],
    ["azure-native:storage:BlobContainer", { publicAccess: "Blob" }, ["is public: set `publicAccess: None`"]],
    [
      "azure-native:keyvault:Vault",
      { properties: {}, tags },
      [
        "has access policies: set `enableRbacAuthorization`",
        "can be emptied for good: set `enablePurgeProtection`",
      ],
    ],
    [
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      { blockPublicAcls: true },
      ["leaves a way to make the bucket public: set all four"],
    ],
    [
      "aws:s3/bucketPolicy:BucketPolicy",
      { policy: policy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "*" }) },
      ["doesn't deny plain text"],
    ],
    [
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
      { rule: { objectOwnership: "ObjectWriter" } },
      ["lets ACLs give rights: set `BucketOwnerEnforced`"],
    ],
    [
      "aws:s3/bucket:Bucket",
      {},
      ["PublicAccessBlock", "Policy", "OwnershipControls", "LifecycleConfiguration"].map(
        (part) => `has no Bucket${part} of the same name`,
      ),
    ],
  ],
  imdsv2: [
    [
      "aws:ec2/instance:Instance",
      { ...machine, metadataOptions: undefined },
      [
        "gives credentials without a token: set `metadataOptions.httpTokens: required`",
        "gives credentials to containers in networks of their own: set `metadataOptions.httpPutResponseHopLimit: 1`",
        "shows its tags to what runs on it: set `metadataOptions.instanceMetadataTags: disabled`",
      ],
    ],
  ],
  "no-logins": [
    [
      "aws:ec2/instance:Instance",
      { ...machine, keyName: "mine" },
      ["has a key for SSH: leave out `keyName`, Session Manager takes its place"],
    ],
    [
      "azure-native:compute:VirtualMachine",
      { tags, identity: { type: "SystemAssigned" } },
      [
        "takes a password: set `disablePasswordAuthentication`",
        "has an identity that goes with it: its type must be UserAssigned",
      ],
    ],
  ],
  "closed-clusters": [
    [
      "aws:eks/cluster:Cluster",
      { vpcConfig: { publicAccessCidrs: ["203.0.113.0/24", "0.0.0.0/0"] } },
      [
        "has an API that everyone reaches: name `apiAccess`",
        "audits nothing: add `audit` to `enabledClusterLogTypes`",
      ],
    ],
    [
      "azure-native:containerservice:ManagedCluster",
      { tags, agentPoolProfiles: [{ enableNodePublicIP: true }] },
      [
        "has an API that everyone reaches: name `apiAccess`",
        "runs commands past the API's ranges: set `disableRunCommand`",
        "enforces no network policies",
        "gives its nodes public addresses",
      ],
    ],
  ],
  "restricted-pods": [
    [
      "kubernetes:core/v1:Namespace",
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } } },
      ["accepts Pods that aren't restricted: label it `pod-security.kubernetes.io/enforce: restricted`"],
    ],
    ["kubernetes:core/v1:ServiceAccount", {}, ["gives out its token"]],
    [
      "kubernetes:core/v1:Service",
      { spec: { type: "ClusterIP", ports: [{ port: 80, targetPort: "metrics" }] } },
      ["exposes more than the endpoint"],
    ],
    ["kubernetes:rbac.authorization.k8s.io/v1:Role", {}, ["gives rights in the cluster"]],
    [
      "kubernetes:apps/v1:Deployment",
      workload({
        hostNetwork: true,
        volumes: [{ hostPath: { path: "/" } }],
        securityContext: {},
        automountServiceAccountToken: true,
      }),
      [
        "shares something of its node",
        "mounts a path of its node",
        "may use any system call",
        "has a token for the cluster",
        "no NetworkPolicy applies to its Pods",
      ],
    ],
    [
      "kubernetes:apps/v1:StatefulSet",
      withContainer({ resources: {}, securityContext: { privileged: true } }),
      [
        ...["is privileged", "may become root", "may be root", "may write where its image is"],
        ...["has capabilities", "has no limit for its memory"],
      ]
        .map((message) => `its container edge ${message}`)
        .concat("no NetworkPolicy applies to its Pods"),
    ],
    [
      "kubernetes:batch/v1:CronJob",
      { spec: { jobTemplate: { spec: { template: { spec: { ...pod, hostPID: true } } } } } },
      ["shares something of its node", "no NetworkPolicy applies to its Pods"],
    ],
  ],
  "pinned-images": [
    [
      "kubernetes:apps/v1:Deployment",
      withContainer({ image: "docker.io/library/nginx:1" }),
      ["runs docker.io/library/nginx:1: add its digest, `@sha256:…`"],
    ],
    [
      "aws:s3/bucketObjectv2:BucketObjectv2",
      { key: "pods/0.json", content: bundle },
      ["runs nginx:1: add its digest, `@sha256:…`"],
    ],
    [
      "azure-native:compute:VirtualMachine",
      { tags, userData },
      ["runs nginx:1: add its digest, `@sha256:…`"],
    ],
  ],
  "required-tags": [
    [
      "azure-native:resources:ResourceGroup",
      { tags: { project: "a" } },
      ["lacks the tags stack, managed-by"],
    ],
    [
      "pulumi:providers:aws",
      { defaultTags: JSON.stringify({ tags: { project: "a", stack: "b" } }) },
      ["lacks the tags managed-by"],
    ],
    ["pulumi:providers:aws", {}, ["lacks the tags project, stack, managed-by"]],
    ["aws:ec2/vpc:Vpc", { tags: {} }, ["lacks the tag Name"]],
  ],
  "protected-disks": [
    [
      "aws:ebs/volume:Volume",
      { encrypted: true },
      ["isn't protected: set `protect: true`"],
      { protect: false },
    ],
  ],
  "known-packages": [
    [
      "pulumi:providers:gcp",
      {},
      [
        "uses the package `gcp`, whose own resources no rule checks: write rules for them, or add it to the parameter `packages`",
      ],
    ],
  ],
  location: [
    [
      "pulumi:pulumi:Stack",
      {
        cost: { "eu-west-1": { provider: "aws", lines: [] } },
        clients: { "eu-west-1": { chartUrls: { "oci://a": "oci://cache.eu-central-1.example.com/a" } } },
      },
      [
        "regions[0].name: the stack's name, aws-eu-central-1, doesn't begin with aws-eu-west-1",
        "regions[0].endpoint.hostname: cache.eu-central-1.example.com doesn't contain eu-west-1",
      ],
    ],
    [
      "pulumi:pulumi:Stack",
      { cost: { westeurope: { provider: "azure", lines: [] } } },
      ["provider: the stack's name, aws-eu-central-1, doesn't begin with azure-westeurope"],
    ],
  ],
};

/** The messages of one rule in the stack aws-eu-central-1. */
function found(rule: string, resources: readonly Resource[]): string[] {
  return resourceViolations(resources, "aws-eu-central-1")
    .filter((it) => it.rule === rule)
    .map(({ message }) => message);
}

describe("each rule finds violations", () => {
  for (const [rule, ofRule] of Object.entries(examples)) {
    for (const [index, [type, props, messages, rest]] of ofRule.entries()) {
      test(`${rule} ${index + 1}: ${type}`, () => {
        assert.deepEqual(found(rule, [{ type, name: "a", props, ...rest }]), messages);
      });
    }
  }

  test("has an example for every rule", () => {
    const all = [...Object.keys(examples), "budget"];
    assert.deepEqual(rules.map(({ name }) => name).sort(), all.sort());
  });

  test("required-tags for every type that a stack has in Azure and that takes tags", () => {
    const cloud = azureCloud();
    const types = Object.keys(cloud.definition.resources).filter(
      (type) => type.startsWith("azure-native:") && isTaggable(cloud, type),
    );
    const judged = types.filter(
      (type) => found("required-tags", [{ type, name: "a", props: {} }]).length > 0,
    );
    assert.deepEqual(judged, types);
  });
});

describe("each rule accepts", () => {
  const right: readonly Resource[] = [
    ["aws:ec2/instance:Instance", machine],
    ["azure-native:storage:StorageAccount", account],
    ["azure-native:storage:ManagementPolicy", {}],
    ["kubernetes:apps/v1:Deployment", workload({})],
    ["kubernetes:cilium.io/v2:CiliumNetworkPolicy", { spec: {} }],
    ["azure-native:network:NetworkSecurityGroup", firewall()],
    ["azure-native:network:NetworkSecurityGroup", { securityRules: subnetRules("*"), tags }],
    [role, { roleDefinitionId: reader, scope: encryptionSet }],
    ["aws:iam/rolePolicy:RolePolicy", { policy: allow("ec2:RunInstances", "*", ofOwnCluster) }],
    ["aws:iam/rolePolicy:RolePolicy", { policy: allow("route53:GetChange", "arn:aws:route53:::change/*") }],
    [
      "aws:iam/rolePolicy:RolePolicy",
      { policy: policy({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" }) },
    ],
    [
      "aws:iam/rolePolicy:RolePolicy",
      {
        policy: allow("kms:Decrypt", "arn:aws:kms:eu-central-1:*:key/*", {
          Condition: {
            StringEquals: {
              "kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:eu-central-1:123456789012:parameter/a",
            },
          },
        }),
      },
    ],
    ["aws:ebs/volume:Volume", { encrypted: true }],
    ["pulumi:providers:azure-native", {}],
  ].map(([type, props]) => ({ type: type as string, name: "a", props: props as Props, protect: true }));

  test("correct resources", () => {
    assert.deepEqual(resourceViolations(right, "aws-eu-central-1"), []);
  });

  test("the stack files", () => {
    for (const { file } of stackFiles)
      assert.deepEqual(configurationViolations(stackOf(file), configOf(file), parseSettings({})), [], file);
  });
});

const stackOf = (file: string) => basename(file, ".yaml").slice("Pulumi.".length);

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

function configOf(file: string, change: Props = {}): StackConfig {
  return parseConfig({ ...readStackFile(read("Pulumi.yaml"), read(file)), ...change });
}

describe("rules of a configuration", () => {
  const file = "stacks/Pulumi.aws-eu-central-1.yaml";
  const violations = (stack: string, change: Props = {}, settings: unknown = {}) =>
    configurationViolations(stack, configOf(file, change), parseSettings(settings)).map(
      ({ rule, level, path, message }) => `${level} ${rule} ${path}: ${message}`,
    );

  test("find a copied file for another region, by its name and by the host name in it", () => {
    assert.deepEqual(violations("aws-eu-west-1"), [
      "mandatory location regions[0].name: the stack's name, aws-eu-west-1, doesn't begin with aws-eu-central-1",
    ]);
    assert.deepEqual(violations("azure-eu-central-1"), [
      "mandatory location provider: the stack's name, azure-eu-central-1, doesn't begin with aws-eu-central-1",
    ]);
    const [region] = readStackFile("", read(file)).regions as Props[];
    const copied = violations("aws-eu-west-1", { regions: [{ ...region, name: "eu-west-1" }] });
    assert.deepEqual(copied, [
      "mandatory location regions[0].endpoint.hostname: cache.eu-central-1.example.com doesn't contain eu-west-1",
    ]);
  });

  test("allow a longer stack name, and with several regions any that begins with the provider", () => {
    assert.deepEqual(violations("aws-eu-central-1-canary"), []);
    const [region] = readStackFile("", read(file)).regions as Props[];
    const other = {
      ...region,
      name: "eu-west-1",
      endpoint: { hostname: "eu-west-1.example.com", tls: { mode: "private" } },
    };
    assert.deepEqual(violations("aws-europe", { regions: [region, other] }), []);
    assert.deepEqual(violations("production", {}, { location: { stackName: "production" } }), []);
  });

  test("find an image without a digest, except this machine's own", () => {
    const images = { edge: "mirror.example.com/nginx:1", origin: pinned };
    assert.deepEqual(violations(stackOf(file), { images }), [
      "mandatory pinned-images images.edge: mirror.example.com/nginx:1 has no digest: add `@sha256:…`, which `skopeo inspect` shows",
    ]);
    const local = "stacks/Pulumi.local.yaml";
    assert.deepEqual(
      configurationViolations(stackOf(local), configOf(local, { images }), parseSettings({})),
      [],
    );
  });

  test("warn of costs above the limit, from the configuration as from the outputs", () => {
    const settings = { budget: { monthlyUSD: 10 } };
    const [found = "", ...rest] = violations(stackOf(file), {}, settings);
    assert.deepEqual(rest, []);
    const { regions: cost } = stackCost(configOf(file), priceBook, "2026-11-24");
    const outputs = { type: "pulumi:pulumi:Stack", name: "a", props: { cost } };
    const [again] = resourceViolations([outputs], "aws-eu-central-1", parseSettings(settings));
    assert.equal(`advisory budget regions: ${again?.message}`, found);
    assert.match(
      found,
      /^advisory budget regions: the stack costs \$\d+\.\d\d a month by estimate, more than \$10\.00, the limit of the policy `budget` \(docs\/policies\.md\); the largest lines: /,
    );
  });
});

describe("the settings", () => {
  test("change parameters and levels, and turn rules off", () => {
    const resource = { type: "aws:ec2/securityGroup:SecurityGroup", name: "a", props: {} };
    const props = ingress({ fromPort: 8443, toPort: 8443, cidrBlocks: ["0.0.0.0/0"] });
    const levels = (settings: unknown) =>
      resourceViolations([{ ...resource, props }], "test", parseSettings(settings)).map(({ level }) => level);
    assert.deepEqual(levels({}), ["mandatory"]);
    assert.deepEqual(levels({ "open-ports": { enforcementLevel: "advisory" } }), ["advisory"]);
    assert.deepEqual(levels({ "open-ports": { enforcementLevel: "disabled" } }), []);
    assert.deepEqual(levels({ "open-ports": { publicPorts: [8443] } }), []);
  });

  test("are valid as they are in docs/policies.md", () => {
    const [, example = ""] = /```json\n(.*?)```/s.exec(read("docs/policies.md")) ?? [];
    const { "open-ports": ports, budget } = parseSettings(JSON.parse(example));
    assert.deepEqual(ports, { enforcementLevel: "mandatory", publicPorts: [443, 8443], otherPorts: [9443] });
    assert.deepEqual(budget, { enforcementLevel: "mandatory", monthlyUSD: 400 });
  });

  test("report all mistakes in them at once", async () => {
    const settings = {
      "open-port": {},
      "open-ports": { publicPorts: ["443"], enforcementLevel: "on" },
      budget: { monthlyUsd: 100 },
    };
    const file = join(parts.use(await tempDir()).path, "config.json");
    const paths = async (text: string) => {
      await writeFile(file, text);
      const found = readSettings(file);
      assert.deepEqual(found.settings, parseSettings({}));
      return found.problems.map(({ path }) => path).sort();
    };
    assert.deepEqual(await paths(JSON.stringify(settings)), [
      'policy/config.json: ["open-port"]',
      'policy/config.json: ["open-ports"].enforcementLevel',
      'policy/config.json: ["open-ports"].publicPorts[0]',
      "policy/config.json: budget.monthlyUsd",
    ]);
    assert.deepEqual(await paths("{"), ["policy/config.json"]);
  });
});
