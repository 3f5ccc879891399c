/** The life of stacks in Azure with a private endpoint. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { stackTags } from "../../components/hosts/naming.ts";
import { existing, groupId, subnetsOf, types } from "../doubles/azure/account.ts";
import { loadBalancer } from "../doubles/azure/aks.ts";
import { type Cloud, everywhere, type Thing } from "../doubles/cloud.ts";
import { type Inputs, valueAt, valuesAt } from "../doubles/values.ts";
import { azure } from "../support/cloud-azure.ts";
import { azureCluster } from "../support/cloud-azure-cluster.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { clusterStack } from "../support/cluster-files.ts";
import { violationsOf } from "../support/posture.ts";
import { projectDirectory, succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import type { Config } from "../support/stack-files.ts";
import { untagged } from "../support/tags.ts";

const consumer = "22222222-2222-4222-8222-222222222222";

const privately = (region: string) => ({
  endpoint: {
    hostname: `cache.${region}.${existing.privateZone}`,
    zone: existing.privateZone,
    zoneResourceGroup: existing.zoneResourceGroup,
    tls: {
      mode: "acme",
      email: "platform@example.com",
      challengeZone: existing.zone,
      challengeZoneResourceGroup: existing.zoneResourceGroup,
    },
    exposure: "private",
    privateLink: { allowed: [consumer] },
  },
  access: { clients: ["10.0.0.0/8"] },
});

/** Previews a change, checks that the update does the same, and that a second update does nothing. */
async function updates(stack: CloudStack, region: Config): Promise<readonly string[]> {
  await stack.configure({}, region);
  const { changes } = await succeeds(stack, "preview");
  assert.deepEqual((await succeeds(stack, "up")).changes, changes);
  await succeeds(stack, "up", ["--expect-no-changes"]);
  return changes;
}

/** Does the same for a new stack, but without a preview, which test/engine/rights.test.ts has for a new stack. */
async function makes(stack: CloudStack, region: Config): Promise<void> {
  await stack.configure({}, region);
  await succeeds(stack, "up");
  await succeeds(stack, "up", ["--expect-no-changes"]);
}

/** Runs the command that a refused preview names. @param page the page that the preview refers to */
async function destroysFirst(stack: CloudStack, page: string): Promise<void> {
  const { messages } = await stack.run("preview");
  const [, command = ""] = /`pulumi destroy ([^`]+)`/.exec(messages) ?? [];
  const text = readFileSync(join(projectDirectory, page), "utf8");
  const written = command.replaceAll(/::[a-z]+(?=[-'])/g, "::westeurope");
  const lines = text.split("\n").filter((line) => /\bpulumi (?:-- )?destroy /.test(line));
  assert.ok(
    lines.some((line) => line.endsWith(` ${written}`)),
    messages,
  );
  const words = command.split(" ").map((word) => word.replaceAll("'", ""));
  await succeeds(stack, "destroy", words);
}

const made = (cloud: Cloud, type: string) =>
  cloud.things().flatMap((it) => (lastPart(it.type) === type ? [it.name ?? ""] : []));

/** The address of the region's name, which must be the same in the record and in the outputs. */
async function addressOf(stack: CloudStack, region: string): Promise<unknown> {
  const record = stack.cloud.things().find(({ name }) => name === `${region}-address`);
  const outputs = await stack.outputs();
  const { address } = outputs.caches[region];
  assert.deepEqual(valueAt("aRecords", record?.inputs), [{ ipv4Address: address }]);
  return address;
}

/** Resources of the network's team, in its own group. */
const team = `${groupId("hub")}/providers/Microsoft.Network`;
const gatewayAddress = "192.0.2.9";

/** Gives the subnet of an existing network a NAT gateway and its own rules. @returns the network after that */
function prepare(cloud: Cloud, id: string): Thing {
  const put = (type: string, own: string, inputs: Inputs, outputs: Inputs = {}) => {
    const kept = { id: `${team}/${own}`, type, scope: everywhere, inputs, outputs };
    return cloud.keep(kept).id;
  };
  const address = put(types.publicAddress, "publicIPAddresses/out", {}, { ipAddress: gatewayAddress });
  const gateway = put(types.natGateway, "natGateways/out", { publicIpAddresses: [{ id: address }] });
  const network = cloud.find(types.virtualNetwork, id, everywhere);
  assert.ok(network);
  const rules = {
    networkSecurityGroup: {
      id: put(types.securityGroup, "networkSecurityGroups/hub", { securityRules: [] }),
    },
    natGateway: { id: gateway },
    defaultOutboundAccess: false,
  };
  const subnets = subnetsOf(network).map((subnet) => ({ ...subnet, ...rules }));
  return cloud.keep({ ...network, inputs: { ...network.inputs, subnets } });
}

describe("a private endpoint", { concurrency: true }, () => {
  test("of a machine in an existing subnet changes nothing of the network, and moves to another network with two commands", async () => {
    await using stack = await cloudStack(azure.file, azure.newCloud());
    const { cloud } = stack;
    const network = prepare(cloud, existing.virtualNetwork);
    const { privateLink: _, ...endpoint } = privately("westeurope").endpoint;
    const { vnet, subnet } = { vnet: existing.virtualNetwork, subnet: existing.subnet };
    await makes(stack, { ...privately("westeurope"), endpoint, network: { vnet, subnet } });
    for (const type of ["VirtualNetwork", "NatGateway", "PublicIPAddress", "VirtualNetworkLink"])
      assert.deepEqual(made(cloud, type), [], type);
    assert.match(String(await addressOf(stack, "westeurope")), /^10\.20\.1\./);
    const disks = cloud.things("azure-native:compute:Disk");
    await stack.configure({}, { ...privately("westeurope"), endpoint });
    await destroysFirst(stack, "docs/private-networks.md");
    await updates(stack, { ...privately("westeurope"), endpoint });
    assert.match(String(await addressOf(stack, "westeurope")), /^10\.255\.255\./);
    assert.deepEqual(cloud.things("azure-native:compute:Disk"), disks);
    await stack.unprotect();
    await succeeds(stack, "destroy");
    assert.deepEqual(cloud.things(), []);
    assert.deepEqual(cloud.find(types.virtualNetwork, network.id, everywhere), network);
  });

  test("of a cluster in an existing subnet uses the subnet's gateway for outbound traffic", async () => {
    const account = azureCluster.newAccount();
    const { cloud, clusters } = account;
    await using stack = await clusterStack(azureCluster.file, azureCluster, account);
    const region = {
      ...privately("germanywestcentral"),
      network: { vnet: existing.clusterNetwork, subnet: existing.subnet },
    };
    const prepared = prepare(cloud, existing.clusterNetwork);
    const open = { privateLinkServiceNetworkPolicies: "Disabled" };
    const subnets = [
      ...subnetsOf(prepared).map((subnet) => ({ ...subnet, ...open })),
      { name: "balancers", addressPrefix: "10.30.2.0/28" },
    ];
    const network = cloud.keep({ ...prepared, inputs: { ...prepared.inputs, subnets } });
    const [link] = cloud.definition.existing.filter(({ type }) => type === types.zoneLink);
    assert.ok(link);
    const virtualNetwork = { id: existing.clusterNetwork };
    cloud.keep({ ...link, id: `${link.id}-germanywestcentral`, inputs: { virtualNetwork } });
    await makes(stack, region);
    for (const type of ["VirtualNetwork", "NatGateway", "PublicIPAddress", "VirtualNetworkLink"])
      assert.deepEqual(made(cloud, type), [], type);
    const [cluster] = cloud.things("azure-native:containerservice:ManagedCluster");
    assert.equal(valueAt("networkProfile.outboundType", cluster?.inputs), "userAssignedNATGateway");
    const allowed = valuesAt("apiServerAccessProfile.authorizedIPRanges[*]", cluster?.inputs);
    assert.ok(allowed.includes(`${gatewayAddress}/32`), String(allowed));
    const [balancer] = cloud.things(loadBalancer);
    assert.equal(
      valueAt("subnet", balancer?.inputs),
      `${existing.clusterNetwork}/subnets/${existing.subnet}`,
    );
    assert.match(String(await addressOf(stack, "germanywestcentral")), /^10\.30\.1\./);

    await updates(stack, { ...region, network: { ...region.network, loadBalancerSubnet: "balancers" } });
    assert.equal(cloud.things(loadBalancer).length, 1);
    assert.match(String(await addressOf(stack, "germanywestcentral")), /^10\.30\.2\./);

    // A public endpoint's nodes use the same gateway, so the cluster stays.
    const publicly = await updates(stack, { network: region.network });
    assert.ok(
      !publicly.some((change) => /^(?:replace|delete) ManagedCluster /.test(change)),
      String(publicly),
    );
    assert.deepEqual(made(cloud, "PublicIPAddress"), ["germanywestcentral"]);
    await succeeds(stack, "destroy");
    assert.deepEqual([...cloud.things(), ...clusters.things()], []);
    assert.deepEqual(cloud.find(types.virtualNetwork, network.id, everywhere), network);
  });

  describe("of a machine", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = azure.newCloud();
    const region = privately("westeurope");
    let stack: CloudStack;

    test("has no public address except for outbound traffic, and its name resolves to the machine", async () => {
      stack = parts.use(await cloudStack(azure.file, cloud));
      await updates(stack, region);
      assert.deepEqual(made(cloud, "PublicIPAddress"), ["westeurope-outbound"]);
      assert.deepEqual(untagged(cloud, stackTags("azure-westeurope")), []);
      const [wire] = cloud.things("azure-native:network:NetworkInterface");
      const address = await addressOf(stack, "westeurope");
      assert.deepEqual(valuesAt("ipConfigurations[*].privateIPAddress", wire?.outputs), [address]);
      const clients = ["10.0.0.0/8", "10.255.255.16/28", "AzureLoadBalancer"];
      assert.deepEqual(violationsOf(cloud.things(), { clients, metrics: [] }), []);
    });

    test("lets another subscription connect by the service in the outputs", async () => {
      const [service] = cloud.things("azure-native:network:PrivateLinkService");
      const { caches } = await stack.outputs();
      assert.deepEqual(caches.westeurope.privateLink, {
        service: service?.id,
        hostname: region.endpoint.hostname,
      });
      assert.deepEqual(valueAt("visibility.subscriptions", service?.inputs), [consumer]);
    });

    test("becomes public, with and without failover, and private again in place, as previewed", async () => {
      const { exposure: _, privateLink: __, ...endpoint } = region.endpoint;
      const failing = {
        ...endpoint,
        hostname: "cache.westeurope.example.com",
        zone: existing.zone,
        failover: "dns",
      };
      for (const other of [{ endpoint: failing }, {}, region]) {
        const changes = await updates(stack, other);
        const gone = /^(?:replace|delete) (?:NetworkInterface|VirtualMachine|VirtualNetwork) /;
        assert.ok(!changes.some((change) => gone.test(change)), changes.join("\n"));
      }
      assert.deepEqual(made(cloud, "PublicIPAddress"), ["westeurope-outbound"]);
    });

    test("leaves nothing after destroy, once no consumer is connected", async () => {
      const [service] = cloud.things("azure-native:network:PrivateLinkService");
      assert.ok(service);
      const privateEndpointConnections = [{ id: `${service.id}/privateEndpointConnections/consumer` }];
      cloud.keep({ ...service, outputs: { ...service.outputs, privateEndpointConnections } });
      await stack.unprotect();
      const { messages } = await stack.run("destroy");
      assert.match(messages, /PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted/);
      cloud.keep(service);
      await succeeds(stack, "destroy");
      assert.deepEqual(cloud.things(), []);
    });
  });

  describe("of a cluster", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const account = azureCluster.newAccount();
    const { cloud, clusters } = account;
    let stack: CloudStack;

    test("has no public address except for outbound traffic, and its name resolves to the load balancer", async () => {
      stack = parts.use(await clusterStack(azureCluster.file, azureCluster, account));
      await makes(stack, privately("germanywestcentral"));
      assert.deepEqual(made(cloud, "PublicIPAddress"), ["germanywestcentral-outbound"]);
      assert.match(String(await addressOf(stack, "germanywestcentral")), /^10\.255\.254\./);
      const [balancer] = cloud.things(loadBalancer);
      assert.deepEqual(valueAt("ranges", balancer?.inputs), ["10.0.0.0/8"]);
      const { caches } = await stack.outputs();
      assert.equal(caches.germanywestcentral.privateLink.service, valueAt("link.id", balancer?.inputs));
      assert.deepEqual(valueAt("link.visible", balancer?.inputs), [consumer]);
    });

    test("becomes public by the preview's two commands with a new cluster, because no update can replace it", async () => {
      const kept = () => cloud.things("azure-native:storage:StorageAccount").map(({ id }) => id);
      const before = kept();
      stack.done();
      await stack.configure({});
      const { failed, messages } = await stack.run("up");
      assert.ok(failed);
      assert.match(
        messages,
        /endpoint\.exposure: another value of `endpoint\.exposure` needs another cluster/,
      );
      assert.deepEqual(stack.done(), []);
      await destroysFirst(stack, "docs/kubernetes.md");
      assert.deepEqual(clusters.things(), []);
      await updates(stack, {});
      assert.deepEqual(made(cloud, "PublicIPAddress"), ["germanywestcentral"]);
      assert.deepEqual(kept(), before);
    });

    test("leaves nothing after destroy", async () => {
      await succeeds(stack, "destroy");
      assert.deepEqual([...cloud.things(), ...clusters.things()], []);
    });
  });
});
