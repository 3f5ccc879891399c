/** The tables behind `npm run rights`: every type that stacks can create has rights, and AWS accepts the policies. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import { challengePolicy } from "../../components/hosts/aws/policies.ts";
import { stackTags } from "../../components/hosts/naming.ts";
import { rows as awsRows } from "../../scripts/rights/aws/actions.ts";
import { lengthOf, maxPolicyLength, policiesFor } from "../../scripts/rights/aws/policy.ts";
import { rows as azureRows } from "../../scripts/rights/azure/actions.ts";
import { rolesFor, type ScopedRole, scopeWarning } from "../../scripts/rights/azure/role.ts";
import { writeDocuments } from "../../scripts/rights/documents.ts";
import type { Inputs, Resource } from "../../scripts/rights/resources.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { existing as inAws } from "../doubles/aws/existing.ts";
import { isAllowed } from "../doubles/aws/rights/evaluate.ts";
import { awsGuard } from "../doubles/aws/rights/guard.ts";
import { existing, groupId, subscriptionId } from "../doubles/azure/account.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { azureGuard } from "../doubles/azure/rights/guard.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { tempDir } from "../support/scope.ts";

const clouds = [
  { cloud: awsCloud(), prefix: "aws:", rows: awsRows },
  { cloud: azureCloud(), prefix: "azure-native:", rows: azureRows },
];

for (const { cloud, prefix, rows } of clouds) {
  test(`has the rights for all types of ${prefix} that a stack can create`, () => {
    const types = Object.keys(cloud.definition.resources).filter((type) => type.startsWith(prefix));
    assert.ok(types.length > 10);
    assert.deepEqual(
      types.filter((type) => !rows[type]),
      [],
    );
  });
}

const account = "123456789012";
const region = { region: "eu-central-1" };

function resource(type: string, inputs: Resource["inputs"], id?: string): Resource {
  return { type, name: "eu-central-1", id, inputs, provider: region };
}

describe("policies of IAM", () => {
  const trust = (Service: string) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service } }] });
  const role = (name: string, more: Resource["inputs"] = {}) =>
    resource("aws:iam/role:Role", { name, assumeRolePolicy: trust("ec2.amazonaws.com"), ...more });

  async function statementOf(resources: readonly Resource[], action: string) {
    const policies = await policiesFor(resources, { stack: "team", account });
    return policies.flatMap(({ Statement }) => Statement).filter(({ Action }) => Action.includes(action));
  }

  test("pass a role on only to the services that it is for", async () => {
    const [statement, ...others] = await statementOf([role("cache")], "iam:PassRole");
    assert.deepEqual(others, []);
    assert.deepEqual(statement?.Resource, [`arn:aws:iam::${account}:role/cache`]);
    assert.deepEqual(statement?.Condition, {
      StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com"] },
    });
  });

  test("allow roles only with the boundary, and only in the path", async () => {
    const permissionsBoundary = `arn:aws:iam::${account}:policy/boundary`;
    const bounded = role("cache", { permissionsBoundary, path: "/caches/" });
    const [statement] = await statementOf([bounded], "iam:CreateRole");
    assert.deepEqual(statement?.Resource, [`arn:aws:iam::${account}:role/caches/cache`]);
    assert.deepEqual(statement?.Condition, {
      ArnEquals: { "iam:PermissionsBoundary": permissionsBoundary },
    });
  });

  test("place machines in an existing network, and change nothing of it", async () => {
    const adopted = resource("aws:ec2/networkInterface:NetworkInterface", {
      subnetId: "subnet-0aaaaaaaaaaaaaaaa",
    });
    // Another account may have shared it.
    const subnet = "arn:aws:ec2:eu-central-1:*:subnet/subnet-0aaaaaaaaaaaaaaaa";
    const placed = await statementOf([adopted], "ec2:CreateNetworkInterface");
    assert.ok(placed.some(({ Resource, Condition }) => Resource.includes(subnet) && Condition === undefined));
    assert.deepEqual(await statementOf([adopted], "ec2:DeleteSubnet"), []);
  });

  test("encrypt with the account's key, and grant it only to services", async () => {
    const kmsKeyId = `arn:aws:kms:eu-central-1:${account}:key/0a1b2c3d`;
    const [grant] = await statementOf([resource("aws:ebs/volume:Volume", { kmsKeyId })], "kms:CreateGrant");
    assert.deepEqual(grant?.Resource, [kmsKeyId]);
    assert.deepEqual(grant?.Condition, { Bool: { "kms:GrantIsForAWSResource": "true" } });
  });

  test("grant a cluster's key without a condition, because EKS refuses one", async () => {
    const keyArn = `arn:aws:kms:eu-central-1:${account}:key/0a1b2c3d`;
    const cluster = resource("aws:eks/cluster:Cluster", { encryptionConfig: { provider: { keyArn } } });
    const [grant] = await statementOf([cluster], "kms:CreateGrant");
    assert.equal(grant?.Condition, undefined);
  });

  test("remove the nodes' role from the profile that EKS leaves, and a public address from a NAT gateway", async () => {
    const cloud = awsCloud();
    const nodes = role("nodes");
    const profile = { type: "aws:iam/instanceProfile:InstanceProfile", id: "eks-0a1b2c3d", scope: "" };
    cloud.keep({ ...profile, inputs: { role: "nodes" }, outputs: {} });
    const address = resource("aws:ec2/eip:Eip", { tags: stackTags("team") }, "eipalloc-0a1b2c3d");
    const resources = [nodes, address, resource("aws:eks/cluster:Cluster", { name: "cache" })];
    const policies = await policiesFor(resources, { stack: "team", account });
    const guard = awsGuard(cloud, () => policies);
    for (const { type, id = "nodes", inputs } of [nodes, address]) {
      const thing = { type, id, scope: region.region, inputs, outputs: {} };
      await guard.demandRight({ kind: "delete", type, scope: region.region, inputs, thing });
    }
  });

  test("change the Pod's bucket under its old and its new prefix while it is replaced", async () => {
    const bucket = (bucketPrefix: string) => resource("aws:s3/bucket:Bucket", { bucketPrefix });
    const closed = resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {});
    const steps = [bucket("cache-"), bucket("cache-0a1b2c-"), closed];
    const [statement] = await statementOf(steps, "s3:PutBucketPublicAccessBlock");
    assert.deepEqual(statement?.Resource, ["arn:aws:s3:::cache-*", "arn:aws:s3:::cache-0a1b2c-*"]);
  });

  test("create a load balancer only under the stack's names", async () => {
    const balancer = resource("aws:lb/loadBalancer:LoadBalancer", { namePrefix: "cache-" });
    const [statement] = await statementOf([balancer], "elasticloadbalancing:CreateLoadBalancer");
    const arn = `arn:aws:elasticloadbalancing:eu-central-1:${account}`;
    assert.ok(statement?.Resource.includes(`${arn}:loadbalancer/net/cache-*/*`));
  });

  describe("give existing resources what governed accounts require", () => {
    const boundary = `arn:aws:iam::${account}:policy/boundary`;
    const asks = async (has: Resource, wants: Resource) => {
      const policies = await policiesFor([has, wants], { stack: "team", account });
      const inputs = { ...wants.inputs, tags: stackTags("team") };
      const thing = { type: has.type, id: "id", scope: region.region, inputs: has.inputs, outputs: {} };
      return (changed: Inputs = {}) =>
        awsGuard(awsCloud(), () => policies).demandRight({
          ...{ kind: "update", type: wants.type, scope: region.region, thing },
          inputs: { ...inputs, ...changed },
        });
    };

    test("a boundary, and no other", async () => {
      const update = await asks(role("cache"), role("cache", { permissionsBoundary: boundary }));
      await update();
      await assert.rejects(
        update({ permissionsBoundary: `${boundary}-other` }),
        /PutRolePermissionsBoundary/,
      );
      await assert.rejects(
        (await asks(role("cache"), role("cache")))({ permissionsBoundary: boundary }),
        /PutRolePermissionsBoundary/,
      );
    });

    test("another boundary, before and after the change", async () => {
      const roles = [boundary, `${boundary}-new`].map((it) => role("cache", { permissionsBoundary: it }));
      const policy = resource("aws:iam/rolePolicy:RolePolicy", { role: "cache" });
      const [put] = await statementOf([...roles, policy], "iam:PutRolePolicy");
      assert.deepEqual(put?.Condition, {
        ArnEquals: { "iam:PermissionsBoundary": [boundary, `${boundary}-new`] },
      });
    });

    test("a log group's retention and tags", async () => {
      const group = resource("aws:cloudwatch/logGroup:LogGroup", { name: "/aws/eks/cache/cluster" });
      await (await asks(group, group))();
    });

    test("a cluster's key", async () => {
      const encryptionConfig = { provider: { keyArn: `arn:aws:kms:eu-central-1:${account}:key/0a1b2c3d` } };
      const cluster = (more: Inputs = {}) => resource("aws:eks/cluster:Cluster", { name: "cache", ...more });
      await (await asks(cluster(), cluster({ encryptionConfig })))();
      await assert.rejects(
        (await asks(cluster(), cluster()))({ encryptionConfig }),
        /AssociateEncryptionConfig/,
      );
    });
  });

  /** https://github.com/hashicorp/terraform-provider-aws/issues/8804 */
  test("let a preview look for a log group, for which AWS checks a group without a name", async () => {
    const group = resource("aws:cloudwatch/logGroup:LogGroup", { name: "/aws/eks/cache/cluster" });
    const policies = await policiesFor([group], { stack: "team", account, isReadOnly: true });
    const action = "logs:DescribeLogGroups";
    const asked = `arn:aws:logs:eu-central-1:${account}:log-group::log-stream:`;
    const context = { "aws:RequestedRegion": region.region };
    assert.ok(isAllowed(policies, { action, resource: asked, context }));
  });

  test("change an existing health check, and no other", async () => {
    const type = "aws:route53/healthCheck:HealthCheck";
    const others = ["DeleteHealthCheck", "UpdateHealthCheck", "ChangeTagsForResource"];
    const id = "0a1b2c3d-0000-4000-8000-000000000000";
    for (const action of others) {
      const on = async (it?: string) =>
        (await statementOf([resource(type, {}, it)], `route53:${action}`)).map((one) => one.Resource);
      assert.deepEqual(await on(id), [[`arn:aws:route53:::healthcheck/${id}`]]);
      assert.deepEqual(await on(), [["arn:aws:route53:::healthcheck/*"]]);
    }
  });

  describe("allow the zones that a stack looks for", () => {
    const asks = async (resources: readonly Resource[], inputs: Inputs, cloud = awsCloud()) => {
      const policies = await policiesFor(resources, { stack: "team", account, isReadOnly: true });
      const type = "aws:route53/getZone:getZone";
      return awsGuard(cloud, () => policies).demandRight({
        kind: "call",
        type,
        scope: region.region,
        inputs,
      });
    };
    const challenge = resource("aws:iam/rolePolicy:RolePolicy", {
      role: "cache",
      policy: JSON.stringify(challengePolicy(`arn:aws:route53:::hostedzone/${inAws.zone.id}`, "cache.corp")),
    });
    const record = resource("aws:route53/record:Record", {
      zoneId: inAws.privateZone.id,
      name: "cache.corp.example.com",
      type: "A",
    });

    test("only the challenge's zone, without a record in it", async () => {
      const ofChallenge = { name: inAws.zone.name, privateZone: false };
      await asks([challenge], ofChallenge);
      await assert.rejects(asks([], ofChallenge), /UnauthorizedOperation/);
      await assert.rejects(
        asks([challenge], { name: inAws.privateZone.name, privateZone: true }),
        /UnauthorizedOperation/,
      );
    });

    test("a private zone among others with its name", async () => {
      const cloud = awsCloud();
      const zone = cloud.find("aws:route53/zone:Zone", inAws.privateZone.id, region.region);
      assert.ok(zone);
      cloud.keep({
        ...zone,
        id: "Z2123456789ABCDEFGHIJ",
        inputs: { ...zone.inputs, vpcs: [{ vpcId: inAws.otherVpc }] },
      });
      await asks([record], { name: inAws.privateZone.name, vpcId: inAws.vpc }, cloud);
    });
  });

  describe("give no rights over the groups and disks of others", () => {
    const tags = (part: string) => ({ tags: { Name: `cache-${part}` } });
    const adopted = resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", tags("default-unused"));
    const machine = resource("aws:ec2/instance:Instance", { rootBlockDevice: tags("root") });
    const onMachine = [
      adopted,
      machine,
      resource("aws:ec2/securityGroup:SecurityGroup", tags("group")),
      resource("aws:ebs/volume:Volume", tags("data")),
      resource("aws:ec2/networkInterface:NetworkInterface", tags("interface")),
      resource("aws:ec2/volumeAttachment:VolumeAttachment", {}),
      resource("aws:ec2/vpcEndpoint:VpcEndpoint", tags("s3")),
      resource("aws:ec2/vpc:Vpc", tags("network")),
    ];
    const onCluster = [
      adopted,
      resource("aws:eks/cluster:Cluster", { name: "cache" }),
      resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", tags("api")),
      resource("pulumi-nodejs:dynamic/aws:ClusterSecurityGroup", { clusterName: "cache" }),
      resource("aws:ec2/tag:Tag", {}),
      resource("aws:ec2/vpcEndpoint:VpcEndpoint", tags("s3")),
    ];

    const prefixed = (prefix: string, values: Record<string, string>) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}/${key}`, value]));
    const askFor = async (resources: readonly Resource[]) => {
      const policies = await policiesFor(resources, { stack: "team", account });
      const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
      const asks = (name: string, kind: string, before: Record<string, string>, wanted = {}) => {
        const context = {
          "aws:RequestedRegion": region.region,
          "aws:TagKeys": Object.keys(wanted),
          ...prefixed("aws:ResourceTag", before),
          ...prefixed("aws:RequestTag", wanted),
        };
        const end = `${kind}/${kind}-of-another-team`;
        return isAllowed(policies, {
          action: `ec2:${name}`,
          resource: `arn:aws:ec2:${region.region}:${account}:${end}`,
          context,
        });
      };
      const changes = actions.filter((action) => /^ec2:(?!Describe)/.test(action));
      return { asks, changes: [...new Set(changes)].map((action) => action.slice("ec2:".length)).sort() };
    };

    /** All combinations of a value for some of the keys. */
    const combinations = (values: Record<string, readonly string[]>): Record<string, string>[] =>
      Object.entries(values).reduce<Record<string, string>[]>(
        (all, [key, some]) => all.flatMap((one) => [one, ...some.map((value) => ({ ...one, [key]: value }))]),
        [{}],
      );

    const names = onMachine.flatMap(
      ({ inputs }) => (inputs.tags as { Name?: string } | undefined)?.Name ?? [],
    );
    const { project = "", stack = "" } = stackTags("team");
    const wanted = combinations({
      ...{ Name: [...names, "cache-root", "other"], name: ["cache-group", "cache-data"] },
      ...{ project: [project], stack: [stack] },
    });
    const foreign = [{}, { Name: "other" }, ...names.map((Name) => ({ Name })), { name: "cache-group" }];

    const onGroup = ["CreateTags", "DeleteTags", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"];
    for (const [kind, resources, possible] of [
      ["security-group", onMachine, onGroup],
      ["security-group", onCluster, onGroup],
      // RunInstances is on disks that the request creates.
      ["volume", onMachine, ["CreateTags", "DeleteTags", "RunInstances"]],
    ] as const)
      test(`a ${kind}, by ${resources === onMachine ? "a machine's" : "a cluster's"} deployer, after all tags that it may set and delete`, async () => {
        const { asks, changes } = await askFor(resources);
        const seen = new Set<string>();
        const found = new Set<string>();
        const visit = (tags: Record<string, string>) => {
          const state = JSON.stringify(Object.entries(tags).sort());
          if (seen.has(state)) return;
          seen.add(state);
          for (const name of changes) if (asks(name, kind, tags)) found.add(name);
          for (const more of wanted)
            if (Object.keys(more).length > 0 && asks("CreateTags", kind, tags, more)) {
              found.add("CreateTags");
              visit({ ...tags, ...more });
            }
          for (const key of Object.keys(tags))
            if (asks("DeleteTags", kind, tags, { [key]: "" }))
              visit(Object.fromEntries(Object.entries(tags).filter(([it]) => it !== key)));
        };
        for (const tags of foreign) visit(tags);
        assert.ok(seen.size > foreign.length);
        assert.deepEqual([...found].sort(), possible);
        for (const before of [{ stack: "other" }, { project: "other", stack }])
          for (const more of wanted) assert.ok(!asks("CreateTags", kind, before, more));
      });

    test("and change the tags of the stack's own", async () => {
      const { asks } = await askFor(onMachine);
      const own = { ...stackTags("team") };
      for (const [kind, name] of [
        ["security-group", "cache-default-unused"],
        ["security-group", "cache-group"],
        ["volume", "cache-root"],
        ["volume", "cache-data"],
      ] as const) {
        assert.ok(asks("CreateTags", kind, { ...own, Name: name }, { "managed-by": "pulumi" }));
        assert.ok(asks("DeleteTags", kind, { ...own, Name: name }, { formerly: "" }));
      }
      // Somebody has deleted the tag.
      assert.ok(asks("CreateTags", "security-group", own, { Name: "cache-default-unused" }));
    });

    for (const action of ["CreateTags", "RevokeSecurityGroupIngress"])
      test(`${action} only on the stack's own default group, once it exists`, async () => {
        const on = async (id?: string) => {
          const group = resource(adopted.type, adopted.inputs, id);
          const statements = await statementOf([machine, group], `ec2:${action}`);
          const resources = statements.flatMap((it) => it.Resource);
          return resources.flatMap((it) => it.split(":security-group/").slice(1));
        };
        assert.deepEqual(await on(), ["*"]);
        assert.deepEqual(await on("sg-0a1b2c3d"), ["sg-0a1b2c3d"]);
      });
  });

  test("split many names into several documents, none of them too long", async () => {
    const regions = Array.from({ length: 200 }, (_, index) =>
      role(`cache-of-a-region-with-a-long-name-${index}`),
    );
    const policies = await policiesFor(regions, { stack: "team", account });
    assert.ok(policies.length > 1);
    for (const policy of policies) assert.ok(lengthOf(policy) <= maxPolicyLength);
  });

  test("refuse a type that the table lacks", async () => {
    const unknown = resource("aws:sqs/queue:Queue", {});
    await assert.rejects(policiesFor([unknown], { stack: "team", account }), /aws:sqs\/queue:Queue/);
  });
});

describe("roles of Azure", () => {
  const subscription = "11111111-2222-4333-8444-555555555555";
  const request = { stack: "team", account: subscription };
  const disk = (inputs: Resource["inputs"]) => resource("azure-native:compute:Disk", inputs);

  test("end at the group for an existing group", () => {
    const [other, role, ...others] = rolesFor([disk({ resourceGroupName: "caches" })], request);
    assert.deepEqual(others, []);
    // Operations belong to the subscription.
    assert.deepEqual(other?.definition.Actions, ["Microsoft.Compute/locations/operations/read"]);
    const group = `/subscriptions/${subscription}/resourceGroups/caches`;
    assert.equal(role?.assignment.scope, group);
    assert.deepEqual(role?.definition.AssignableScopes, [group]);
  });

  test("change a zone's records only in their zone", () => {
    const inputs = { resourceGroupName: "dns", zoneName: "example.com", recordType: "A" };
    const roles = rolesFor([resource("azure-native:dns:RecordSet", inputs)], request);
    const role = roles.find(({ definition }) => definition.Actions.some((it) => it.endsWith("/write")));
    assert.match(
      role?.assignment.scope ?? "",
      /resourceGroups\/dns\/providers\/Microsoft\.Network\/dnsZones\/example\.com$/,
    );
    assert.match(role?.definition.AssignableScopes.join() ?? "", /resourceGroups\/dns$/);
  });

  test("have different names for places of the same name", () => {
    const networks = ["west", "north"].map((group) => {
      const id = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/hub/subnets/a`;
      return resource("azure-native:network:NetworkInterface", {
        resourceGroupName: "caches",
        ipConfigurations: [{ subnet: { id } }],
      });
    });
    const names = rolesFor(networks, request).map(({ definition }) => definition.Name);
    assert.equal(names.filter((name) => / hub [0-9a-f]{8}$/.test(name)).length, 2, names.join());
    assert.equal(new Set(names).size, names.length, names.join());
  });

  test("let the creator of a network's link with a zone read when it is complete", async () => {
    const name = existing.privateZone;
    const inputs = {
      ...{ resourceGroupName: "dns", privateZoneName: name, virtualNetworkLinkName: "cache" },
      virtualNetwork: { id: `${groupId("caches")}/providers/Microsoft.Network/virtualNetworks/cache` },
    };
    const type = "azure-native:privatedns:VirtualNetworkLink";
    const network = resource("azure-native:network:VirtualNetwork", { resourceGroupName: "caches" });
    const roles = rolesFor([resource(type, inputs), network], { ...request, account: subscriptionId });
    const asked = azureGuard(azureCloud(), () => roles);
    await asked.demandRight({ kind: "create", type, scope: subscriptionId, inputs });
    const polled = asked.asked.filter(({ action }) => /Operation/.test(action)).map(({ action }) => action);
    assert.equal(polled.length, 2);
    const reader = rolesFor([resource(type, inputs)], { ...request, isReadOnly: true });
    assert.ok(!reader.some(({ definition }) => definition.Actions.some((it) => polled.includes(it))));
  });

  const deleted = {
    "azure-native:containerservice:ManagedCluster": {
      id: `${groupId("caches")}/providers/Microsoft.ContainerService/managedClusters/cache`,
      polls: ["operations", "operationresults"].map(
        (it) => `Microsoft.ContainerService/locations/${it}/read`,
      ),
    },
    "azure-native:dns:Zone": {
      id: `${groupId("caches")}/providers/Microsoft.Network/dnsZones/acme.cache.example.com`,
      polls: ["dnsOperationResults", "dnsOperationStatuses"].map((it) => `Microsoft.Network/${it}/read`),
    },
    "azure-native:resources:ResourceGroup": {
      id: groupId("caches"),
      polls: ["Microsoft.Resources/subscriptions/operationresults/read"],
    },
  };
  for (const [type, { id, polls }] of Object.entries(deleted))
    test(`let whoever deletes ${type} read when that is complete`, async () => {
      const inputs = { resourceGroupName: "caches" };
      const own = { ...request, account: subscriptionId };
      const guard = azureGuard(azureCloud(), () => rolesFor([resource(type, inputs)], own));
      const thing = { type, id, scope: subscriptionId, inputs, outputs: {} };
      await guard.demandRight({ kind: "delete", type, scope: subscriptionId, inputs, thing });
      const asked = guard.asked.map(({ action }) => action).filter((it) => it.endsWith("/read"));
      assert.deepEqual(asked, polls);
    });

  describe("allow a private stack's preview", () => {
    const asks = (roles: readonly ScopedRole[], type: string, inputs: Inputs = {}) =>
      azureGuard(azureCloud(), () => roles).demandRight({
        kind: "call",
        type,
        scope: subscriptionId,
        inputs,
      });
    const refused = /AuthorizationFailed/;
    const own = { stack: "team", account: subscriptionId, isReadOnly: true };
    const subnet = { id: `${existing.virtualNetwork}/subnets/${existing.subnet}` };
    const nic = resource("azure-native:network:NetworkInterface", {
      resourceGroupName: existing.resourceGroup,
      ipConfigurations: [{ subnet }],
    });
    const ways = [
      ["getNetworkSecurityGroup", "networkSecurityGroupName"],
      ["getRouteTable", "routeTableName"],
      ["getNatGateway", "natGatewayName"],
      ["getPublicIPAddress", "publicIpAddressName"],
      ["getPublicIPPrefix", "publicIpPrefixName"],
    ] as const;

    for (const [name, key] of ways)
      test(`${name} next to an existing network, and nowhere else`, async () => {
        const inputs = (resourceGroupName: string) => ({ resourceGroupName, [key]: "out" });
        const token = `azure-native:network:${name}`;
        const roles = rolesFor([nic], own);
        await asks(roles, token, inputs("hub"));
        await assert.rejects(asks(roles, token, inputs("other")), refused);
      });

    test("no route out of a network that the stack created", () => {
      const network = { ...resource("azure-native:network:VirtualNetwork", {}), id: existing.virtualNetwork };
      const actions = rolesFor([network, nic], own).flatMap(({ definition }) => definition.Actions);
      assert.ok(!actions.includes("Microsoft.Network/routeTables/read"), actions.join());
    });

    test("the list of a private zone's networks", async () => {
      const zone = existing.privateZone;
      const inputs = { resourceGroupName: "dns", privateZoneName: zone, recordType: "A" };
      const id = `/subscriptions/${subscriptionId}/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/${zone}`;
      const roles = rolesFor([resource("azure-native:privatedns:PrivateRecordSet", inputs)], own);
      await asks(roles, "azure-native:privatedns:getPrivateZone", inputs);
      await asks(roles, `${id}/virtualNetworkLinks`);
      await assert.rejects(asks(roles, `${id}-other/virtualNetworkLinks`), refused);
    });
  });

  test("come with a warning if they are for the subscription", () => {
    const inGroup = (resourceGroupName: string) =>
      resource("azure-native:compute:Disk", { resourceGroupName });
    const made = resource("azure-native:resources:ResourceGroup", { resourceGroupName: "caches" });
    const scopesOf = (resources: readonly Resource[]) =>
      rolesFor(resources, request)
        .filter(({ definition }) => definition.Actions.includes("Microsoft.Compute/disks/write"))
        .map(({ assignment }) => assignment.scope.split("/").slice(3).join("/"));
    for (const wide of [
      [made, inGroup("caches")],
      [inGroup("caches"), inGroup("others")],
    ]) {
      assert.deepEqual(scopesOf(wide), [""]);
      assert.match(scopeWarning(wide) ?? "", /whole subscription.*`resourceGroup`/);
    }
    const existing = { ...made, id: groupId("caches") };
    for (const narrow of [[inGroup("caches")], [existing, inGroup("caches")]]) {
      assert.deepEqual(scopesOf(narrow), ["resourceGroups/caches"]);
      assert.equal(scopeWarning(narrow), undefined);
    }
    const several = [existing, inGroup("caches"), inGroup("others")];
    assert.match(scopeWarning(several) ?? "", /whole subscription.*existing machines can't change theirs/);
  });

  test("grant only the stack's own roles, and only to the deploying role", () => {
    const zone = resource("azure-native:dns:Zone", { zoneName: "acme.example.com" });
    const grant = resource("azure-native:authorization:RoleAssignment", {});
    const [role] = rolesFor([zone, grant], request);
    assert.match(
      role?.assignment.condition ?? "",
      /RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals \{befefa01-[-\w]+\}/,
    );
    const [reader] = rolesFor([zone, grant], { ...request, isReadOnly: true });
    assert.equal(reader?.assignment.condition, undefined);
    assert.deepEqual(
      reader?.definition.Actions.filter((action) => !action.endsWith("/read")),
      [],
    );
  });
});

test("keeps only the last run's documents in a directory, and all other files", async () => {
  await using directory = await tempDir();
  const out = join(directory.path, "rights");
  await writeDocuments({ "policy-1.json": {}, "policy-2.json": {}, "policy-10.json": {} }, out);
  await writeFile(join(out, "policy-network.json"), "{}");
  assert.deepEqual(await writeDocuments({ "policy-1.json": { a: 1 } }, out), [join(out, "policy-1.json")]);
  assert.deepEqual((await readdir(out)).sort(), ["policy-1.json", "policy-network.json"]);
});

test("refuses an impossible account as wrong usage", async () => {
  for (const account of ["12345678901", "production"]) {
    const args = ["scripts/rights.ts", "aws-eu-central-1", "--account", account];
    const { exitCode, stderr } = await execa("node", args, { cwd: projectDirectory, reject: false });
    assert.equal(exitCode, 2);
    assert.match(stderr, /12 digits, or the id of a subscription/);
  }
});

describe("the commands of docs/rights.md", () => {
  const blocks = [...readFileSync("docs/rights.md", "utf8").matchAll(/^```bash\n(.*?)^```$/gms)].map(
    ([, block = ""]) => block,
  );

  async function run(program: string, documents: Record<string, object>): Promise<string[][]> {
    await using programs = await fakePrograms({ [program]: "" });
    await writeDocuments(documents, join(programs.directory, "rights"));
    const script = blocks.filter((block) => block.includes(`${program} `)).join("");
    await execa("bash", ["-euo", "pipefail", "-c", script], {
      cwd: programs.directory,
      env: programs.env,
    });
    return programs.calls();
  }

  test("create, attach and update each policy in AWS", async () => {
    const calls = await run("aws", { "policy-1.json": {}, "policy-2.json": {} });
    const said = calls.map(([, , command, , name, , document]) => [command, name, document].join(" "));
    const policy = "registry-cache-aws-eu-central-1-deploy-policy";
    const arn = `arn:aws:iam::111122223333:policy/${policy}`;
    const first = ["1", "2"].flatMap((it) => [
      `create-policy ${policy}-${it} file://rights/policy-${it}.json`,
      `attach-role-policy registry-cache-deploy ${arn}-${it}`,
    ]);
    const next = ["1", "2"].map((it) => `create-policy-version ${arn}-${it} file://rights/policy-${it}.json`);
    assert.deepEqual(said, [...first, ...next]);
  });

  test("create, assign by name, and update each role in Azure", async () => {
    const calls = await run("az", {
      "role-1.json": { Name: "a role" },
      "role-2.json": { Name: "another role" },
      "assignment-1.json": { scope: "/subscriptions/1" },
      "assignment-2.json": { scope: "/subscriptions/2", condition: "(A 'b' AND C)" },
    });
    const assigned = calls.filter(([, , kind]) => kind === "assignment");
    const valueAfter = (call: string[], option: string) => call[call.indexOf(option) + 1];
    assert.deepEqual(
      assigned.map((call) => [valueAfter(call, "--role"), valueAfter(call, "--scope"), ...call.slice(12)]),
      [
        ["a role", "/subscriptions/1"],
        ["another role", "/subscriptions/2", "--condition=(A 'b' AND C)", "--condition-version=2.0"],
      ],
    );
    const definitions = calls.filter(([, , kind]) => kind === "definition");
    assert.deepEqual(
      definitions.map(([, , , command, , file]) => `${command} ${file}`),
      ["create", "create", "update", "update"].map(
        (command, index) => `${command} @rights/role-${(index % 2) + 1}.json`,
      ),
    );
  });
});
