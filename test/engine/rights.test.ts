/** The rights that `npm run rights` writes, tested against clouds that refuse everything else: docs/rights.md. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import { stackTags } from "../../components/hosts/naming.ts";
import { Engine } from "../../scripts/engine/engine.ts";
import { resourcesOf } from "../../scripts/rights/resources.ts";
import { existing } from "../doubles/aws/existing.ts";
import { callsOf, functionCalls } from "../doubles/aws/rights/calls.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { aws } from "../support/cloud-aws.ts";
import { awsCluster } from "../support/cloud-aws-cluster.ts";
import { azure } from "../support/cloud-azure.ts";
import { azureCluster } from "../support/cloud-azure-cluster.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import type { ClusterCase } from "../support/cloud-cluster-case.ts";
import {
  awsRights,
  azureRights,
  type CloudRights,
  type Judge,
  type Rights,
} from "../support/cloud-rights.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { clusterStack } from "../support/cluster-files.ts";
import { type Finding, findings, unknownOperations } from "../support/parliament.ts";
import { endpointOf, privateConfig, privateRegions } from "../support/private-region.ts";
import { credentials, privateUpstream } from "../support/private-stack.ts";
import { projectDirectory } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import type { Config } from "../support/stack-files.ts";
import { withWarmProgram } from "../support/warm-program.ts";

interface Case {
  readonly file: string;
  /** @default the file's name */
  readonly title?: string;
  readonly cloud: CloudRights;
  start(): Promise<CloudStack>;
  /** Merged over the file's keys. */
  readonly keys?: Config;
  /** Changes of each region, in order. The stack is created with the first one. Each has the rights that its own preview needs. */
  readonly regions: readonly Config[];
  /** What others do in the account before the region changes, and before it is destroyed. */
  readonly beforeChange?: (cloud: Cloud) => void;
  readonly beforeEnd?: ((cloud: Cloud) => void) | undefined;
  /** Actions that this account and this stack never need. */
  readonly unused: readonly string[];
}

const older = (provider: keyof typeof services) => Object.keys(services[provider].supportEnds).at(-2);

/** The second is private, with another machine type and a larger disk. */
function machine({ file }: CloudCase, other: Config, clients: readonly string[] = []): Config[] {
  const [, region] = privateConfig(file);
  return [
    { endpoint: { ...endpointOf(file), failover: "dns" } },
    {
      ...region,
      access: { clients: ["10.0.0.0/8", ...clients] },
      machine: other,
      storage: { kind: "disk", size: "900GiB" },
    },
  ];
}

/** The second has another version, and is private. @param first merged over the file's region at first */
function cluster({ file, provider }: ClusterCase, first: Config, then: Config = {}): Config[] {
  const [, region] = privateConfig(file);
  return [
    { ...first, replicas: { min: 2, max: 5 }, version: older(provider) },
    { ...region, replicas: { min: 3, max: 5 }, ...then },
  ];
}

/** A peering between the stack's network and another one. */
const peering = {
  type: "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
  id: "pcx-0bbbbbbbbbbbbbbbb",
  scope: "eu-central-1",
  inputs: {},
  outputs: {},
};

const cases: readonly Case[] = [
  {
    file: aws.file,
    cloud: awsRights,
    start: () => cloudStack(aws.file, aws.newCloud()),
    keys: { upstreams: [privateUpstream] },
    regions: machine(aws, { image: aws.otherImage }, [existing.prefixList, existing.peeredGroup]),
    beforeChange(cloud) {
      const [own] = cloud.things("aws:ec2/vpc:Vpc").filter(({ name }) => name !== undefined);
      const other = cloud.find("aws:ec2/securityGroup:SecurityGroup", existing.peeredGroup, peering.scope);
      cloud.keep({ ...peering, inputs: { vpcId: own?.id, peerVpcId: other?.inputs.vpcId } });
    },
    beforeEnd: (cloud) => cloud.remove(peering),
    // Needed only in a region that an account may not have enabled.
    unused: ["ec2:DescribeRegions"],
  },
  {
    file: aws.file,
    title: "a machine in a network that another account shares",
    cloud: awsRights,
    start: () => cloudStack(aws.file, aws.newCloud()),
    regions: [{ network: { vpc: existing.vpc, subnet: existing.subnet } }],
    unused: ["ec2:DescribeRegions"],
  },
  {
    file: awsCluster.file,
    cloud: awsRights,
    start: () => clusterStack(awsCluster.file, awsCluster, awsCluster.newAccount()),
    // Its replicas first need larger machines than the smallest, and later none in particular.
    keys: { workload: { nodes: 1200 } },
    regions: cluster(awsCluster, {
      ...awsCluster.adopting,
      storage: { kind: "bucket", delivery: "proxied" },
    }),
    beforeEnd: awsCluster.leaveBehind?.bind(awsCluster),
    // A bucket's policy is deleted with the bucket. Zones are needed for the stack's own network.
    unused: ["ec2:DescribeAvailabilityZones", "ec2:DescribeRegions", "s3:DeleteBucketPolicy"],
  },
  {
    file: azure.file,
    cloud: azureRights,
    start: () => cloudStack(azure.file, azure.newCloud()),
    keys: { upstreams: [privateUpstream] },
    regions: machine(azure, { architecture: "amd64" }, ["AzureCloud.westeurope"]),
    unused: [],
  },
  {
    file: azureCluster.file,
    cloud: azureRights,
    start: () => clusterStack(azureCluster.file, azureCluster, azureCluster.newAccount()),
    // It is private from the start, because a public one would be replaced.
    regions: cluster(azureCluster, privateConfig(azureCluster.file)[1], { apiAccess: ["198.51.100.0/29"] }),
    // Needed only when another cluster replaces this one.
    unused: ["Microsoft.ContainerService/managedClusters/maintenanceConfigurations/delete"],
  },
];

test("uses only operations that are in AWS's models", async () => {
  const calls = [
    ...Object.values(callsOf).flatMap((it) => Object.values(it).flat()),
    ...Object.values(functionCalls).flat(),
  ];
  assert.deepEqual(await unknownOperations([...new Set(calls)]), []);
});

/**
 * Machines, interfaces, endpoints and security groups are created and changed on several resources, each with its own condition, and so is an attachment. An update of an add-on is also an update of
 * its cluster. Public parameters belong to no account. Health checks have tags in the same way as zones. Whoever writes a bucket's policy can grant
 * themselves access, as docs/rights.md says.
 */
function isExplained({ issue, detail }: Finding): boolean {
  if (issue === "RESOURCE_POLICY_PRIVILEGE_ESCALATION") return String(detail).includes("s3:PutBucketPolicy");
  const explained = [
    "ec2:AttachVolume",
    "ec2:CreateNetworkInterface",
    "ec2:CreateSecurityGroup",
    "ec2:CreateVpcEndpoint",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:RunInstances",
    "route53:ChangeTagsForResource",
    "eks:DescribeUpdate",
    "ssm:GetParameter",
  ];
  return (
    issue === "RESOURCE_MISMATCH" &&
    (detail as { action: string }[]).every(({ action }) => explained.includes(action))
  );
}

for (const {
  file,
  title,
  cloud: known,
  start,
  keys = {},
  regions,
  beforeChange,
  beforeEnd,
  unused,
} of cases) {
  describe(title ?? file, { concurrency: 1 }, () => {
    const parts = scope({ after });
    const name = /Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? "";
    let stack: CloudStack;
    let deployer: Rights;
    let reader: Rights;
    let judge: Judge;

    async function configure(region: Config | undefined): Promise<void> {
      await stack.configure({ ...keys, governance: privateRegions[file]?.governance }, region);
      if (keys.upstreams === undefined) return;
      const secrets = Object.entries(credentials).map(
        ([key, value]) => [`registry-cache:team-login.${key}`, value] as const,
      );
      await stack.setSecrets(Object.fromEntries(secrets));
    }

    /** Sets the rights that a preview of the current configuration needs. */
    async function askRights(): Promise<void> {
      const resources = await withWarmProgram(stack.environment, (host, environment) =>
        resourcesOf(new Engine(projectDirectory, environment), name, ["--config-file", stack.file, ...host]),
      );
      deployer = await known.rightsFor(resources, name, false);
      reader = await known.rightsFor(resources, name, true);
    }

    async function succeeds(as: Rights, ...operation: Parameters<CloudStack["run"]>): Promise<void> {
      judge.rights = as;
      const { failed, messages } = await stack.run(...operation);
      assert.ok(!failed, messages);
      assert.doesNotMatch(messages, /can't check/);
    }

    test("lets the previewing role preview", async () => {
      stack = parts.use(await start());
      await configure(regions[0]);
      await askRights();
      judge = known.judge(stack.cloud, deployer);
      stack.cloud.guard = judge;
      await succeeds(reader, "preview");
      assert.deepEqual(stack.done(), []);
    });

    if (known === awsRights) {
      test("has policies in which parliament finds no problem", async () => {
        const found = await findings([deployer, reader].flatMap(({ documents }) => documents));
        assert.deepEqual(
          found.filter((it) => !isExplained(it)),
          [],
        );
      });
    }

    test("lets the deploying role create and change it", async () => {
      await succeeds(deployer, "up");
      await succeeds(reader, "preview", ["--expect-no-changes"]);
      for (const region of regions.slice(1)) {
        beforeChange?.(stack.cloud);
        await configure(region);
        stack.cloud.guard = undefined;
        await askRights();
        stack.cloud.guard = judge;
        await succeeds(reader, "preview");
        await succeeds(deployer, "up");
      }
    });

    test("lets the deploying role change each resource in place, and the previewing role none", async () => {
      const ids = new Set((await stack.resources()).map(({ id }) => id));
      const provider = { defaultTags: JSON.stringify({ tags: stackTags(name) }) };
      const things = stack.cloud.things().filter(({ id }) => ids.has(id));
      assert.ok(things.length > 0);
      for (const thing of things) {
        const change = { kind: "update", ...thing, thing, provider } as const;
        judge.rights = deployer;
        await judge.demandRight(change);
        judge.rights = reader;
        // Attachments never change in place.
        if (/(?:Attachment|Association)$/.test(thing.type)) continue;
        await assert.rejects(
          judge.demandRight(change),
          /UnauthorizedOperation|AuthorizationFailed/,
          thing.id,
        );
      }
    });

    test("lets the deploying role delete it", async () => {
      await stack.unprotect();
      beforeEnd?.(stack.cloud);
      await succeeds(deployer, "destroy");
      assert.deepEqual(stack.cloud.things(), []);
    });

    test("needs each of its actions", () => {
      const idle = deployer.actions.filter((action) => !judge.needs(action, deployer));
      assert.deepEqual(idle, unused);
    });
  });
}
