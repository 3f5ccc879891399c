/** Who can reach a machine in Azure, and on which path. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Graph, graphOf, group, gsoci, podText, subscription, westeurope } from "./azure-vm-region.ts";

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("keeps the address, and has a fast interface", () => {
    const address = graph.inputs("PublicIPAddress");
    assert.deepEqual(address.sku, { name: "Standard" });
    assert.equal(address.publicIPAllocationMethod, "Static");
    const { enableAcceleratedNetworking, networkSecurityGroup, ipConfigurations } =
      graph.inputs("NetworkInterface");
    assert.equal(enableAcceleratedNetworking, true);
    assert.deepEqual(networkSecurityGroup, { id: "westeurope-id" });
    const [{ subnet }] = ipConfigurations as [{ subnet: unknown }];
    assert.deepEqual(subnet, {
      id: `${group}/providers/Microsoft.Network/virtualNetworks/registry-cache-westeurope-network/subnets/machine`,
    });
  });

  test("adds three records to the existing zone: the address, and the delegation of a zone for the proofs", () => {
    const record = (name: string) => {
      const { resourceGroupName, zoneName, ttl, ...rest } = graph.inputs("RecordSet", `westeurope-${name}`);
      assert.deepEqual([resourceGroupName, zoneName, ttl], ["dns", "example.com", 300]);
      return rest;
    };
    assert.deepEqual(record("address"), {
      recordType: "A",
      relativeRecordSetName: "cache.westeurope",
      aRecords: [{ ipv4Address: "192.0.2.7" }],
    });
    assert.deepEqual(record("acme-delegation"), {
      recordType: "NS",
      relativeRecordSetName: "acme.cache.westeurope",
      nsRecords: [{ nsdname: "ns1.azure.test." }, { nsdname: "ns2.azure.test." }],
    });
    assert.deepEqual(record("acme-challenge"), {
      recordType: "CNAME",
      relativeRecordSetName: "_acme-challenge.cache.westeurope",
      cnameRecord: { cname: "challenge.acme.cache.westeurope.example.com" },
    });
  });
});

describe("the firewall", () => {
  const rulesOf = async (access: Record<string, unknown>, direction: string, port?: number) => {
    const change = { access, ...(port && { endpoint: { ...westeurope.endpoint, port } }) };
    const { securityRules } = (await graphOf(change)).inputs("NetworkSecurityGroup");
    return (securityRules as Record<string, unknown>[]).filter((rule) => rule.direction === direction);
  };
  const denial = (direction: string) => ({
    name: `nothing-else-${direction.toLowerCase()}`,
    priority: 4096,
    direction,
    access: "Deny",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
  });

  test("lets clients in at the endpoint and monitoring at the metrics, by IPv4, and nobody else", async () => {
    const rules = await rulesOf(westeurope.access, "Inbound");
    const common = {
      direction: "Inbound",
      access: "Allow",
      protocol: "Tcp",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
    };
    assert.deepEqual(rules, [
      {
        ...common,
        name: "clients",
        priority: 100,
        sourceAddressPrefixes: ["203.0.113.0/24"],
        destinationPortRange: "443",
      },
      {
        ...common,
        name: "metrics",
        priority: 110,
        sourceAddressPrefixes: ["198.51.100.10/32"],
        destinationPortRange: "9443",
      },
      denial("Inbound"),
    ]);
  });

  test("lets everyone in only if the configuration says `public`, and never at the metrics", async () => {
    const [clients, ...others] = await rulesOf({ clients: "public" }, "Inbound", 8443);
    assert.equal(clients?.sourceAddressPrefix, "*");
    assert.equal(clients?.destinationPortRange, "8443");
    assert.deepEqual(others, [denial("Inbound")]);
  });

  test("has a rule of its own for a service tag, which the edge leaves to the firewall", async () => {
    const access = { clients: ["VirtualNetwork", "203.0.113.0/24"], metrics: ["AzureCloud.westeurope"] };
    const graph = await graphOf({ access });
    const { securityRules } = graph.inputs("NetworkSecurityGroup");
    const opened = (securityRules as Record<string, unknown>[]).filter(
      (rule) => rule.direction === "Inbound" && rule.access === "Allow",
    );
    assert.deepEqual(
      opened.map((rule) => [
        rule.name,
        rule.priority,
        rule.sourceAddressPrefix ?? rule.sourceAddressPrefixes,
        rule.destinationPortRange,
      ]),
      [
        ["clients", 100, ["203.0.113.0/24"], "443"],
        ["clients-VirtualNetwork", 200, "VirtualNetwork", "443"],
        ["metrics-AzureCloud.westeurope", 201, "AzureCloud.westeurope", "9443"],
      ],
    );
    assert.doesNotMatch(podText(graph), /203\.0|AzureCloud|VirtualNetwork/);
    // One line is for clients, and one for metrics.
    assert.equal(podText(graph).match(/0\.0\.0\.0\/0 1;|allow 0\.0\.0\.0\/0;/g)?.length, 2);
  });

  test("lets the machine reach servers only at the ports that they have", async () => {
    const [tcp, udp, ...others] = await rulesOf(westeurope.access, "Outbound");
    const common = {
      direction: "Outbound",
      access: "Allow",
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
    };
    assert.deepEqual(tcp, {
      ...common,
      name: "to-servers-by-tcp",
      priority: 100,
      protocol: "Tcp",
      destinationPortRanges: ["53", "80", "443", "5000"],
    });
    assert.deepEqual(udp, {
      ...common,
      name: "to-servers-by-udp",
      priority: 110,
      protocol: "Udp",
      destinationPortRanges: ["53", "123"],
    });
    assert.deepEqual(others, [denial("Outbound")]);
  });
});

describe("a private endpoint", () => {
  const privately = {
    endpoint: { ...westeurope.endpoint, exposure: "private" },
    access: { clients: ["10.0.0.0/8"] },
  };
  const types = ({ resources }: Graph) =>
    resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
  const subnets = (graph: Graph) => graph.inputs("VirtualNetwork").subnets;
  const range = { name: "machine", addressPrefix: "10.255.255.0/29" };

  test("has a NAT gateway for outbound traffic in its own network, in the machine's zone, and no other address", async () => {
    const graph = await graphOf({ ...privately, availabilityZone: "2" });
    const [{ publicIPAddress }] = graph.inputs("NetworkInterface").ipConfigurations as [
      Record<string, unknown>,
    ];
    assert.equal(publicIPAddress, undefined);
    assert.deepEqual(
      types(graph).filter((it) => it.startsWith("PublicIPAddress ")),
      ["PublicIPAddress westeurope-outbound"],
    );
    const { natGatewayName, zones, publicIpAddresses } = graph.inputs("NatGateway");
    assert.deepEqual(
      [natGatewayName, zones, publicIpAddresses],
      ["registry-cache-westeurope-outbound-2", ["2"], [{ id: "westeurope-outbound-id" }]],
    );
    const natGateway = { id: "westeurope-outbound-id" };
    assert.deepEqual(subnets(graph), [{ ...range, natGateway, defaultOutboundAccess: false }]);
    assert.deepEqual(graph.inputs("RecordSet", "westeurope-address").aRecords, [{ ipv4Address: "10.0.0.4" }]);
  });

  test("has a path to storage accounts without the NAT gateway if there is a bucket", async () => {
    const [subnet] = subnets(await graphOf({ ...privately, storage: { kind: "bucket" } })) as [object];
    assert.deepEqual(subnet, {
      ...range,
      natGateway: { id: "westeurope-outbound-id" },
      defaultOutboundAccess: false,
      serviceEndpoints: [{ service: "Microsoft.Storage" }],
    });
  });

  test("links a private zone with the network, and proves its name in a public zone, which the private one hides", async () => {
    const tls = {
      ...westeurope.endpoint.tls,
      challengeZone: "example.com",
      challengeZoneResourceGroup: "public",
    };
    const endpoint = { ...privately.endpoint, zone: "westeurope.example.com", tls };
    const graph = await graphOf({ ...privately, endpoint }, [gsoci], {}, undefined, { zone: "private" });
    const records = graph.resources.flatMap(({ type, name, inputs }) =>
      /RecordSet$/.test(type)
        ? [[name, inputs.recordType, inputs.zoneName ?? inputs.privateZoneName, inputs.relativeRecordSetName]]
        : [],
    );
    assert.deepEqual(records.sort(), [
      ["westeurope-acme-challenge", "CNAME", "example.com", "_acme-challenge.cache.westeurope"],
      ["westeurope-acme-delegation", "NS", "example.com", "acme.cache.westeurope"],
      ["westeurope-address", "A", "westeurope.example.com", "cache"],
      ["westeurope-private-acme-challenge", "CNAME", "westeurope.example.com", "_acme-challenge.cache"],
    ]);
    assert.ok(graph.resource("VirtualNetworkLink").deleteBeforeReplace);
    const { virtualNetworkLinkName, privateZoneName, virtualNetwork, registrationEnabled, tags } =
      graph.inputs("VirtualNetworkLink");
    assert.deepEqual(tags, graph.inputs("VirtualNetwork").tags);
    assert.deepEqual(
      [virtualNetworkLinkName, privateZoneName, registrationEnabled, virtualNetwork],
      [
        "registry-cache-test-westeurope",
        "westeurope.example.com",
        false,
        { id: `${group}/providers/Microsoft.Network/virtualNetworks/registry-cache-westeurope-network` },
      ],
    );
    assert.match(podText(graph), /--dns\.propagation\.wait 60s/);
    assert.doesNotMatch(podText(await graphOf(privately)), /propagation\.wait/);
  });

  test("has a private link service in front of a load balancer for other subscriptions, and lets its addresses in", async () => {
    const allowed = ["22222222-2222-4222-8222-222222222222"];
    const access = { clients: ["192.168.0.0/16"] };
    const graph = await graphOf({
      ...privately,
      access,
      endpoint: { ...privately.endpoint, privateLink: { allowed } },
    });
    const { visibility, autoApproval, ipConfigurations } = graph.inputs("PrivateLinkService");
    assert.deepEqual([visibility, autoApproval], [{ subscriptions: allowed }, { subscriptions: allowed }]);
    const [{ subnet }] = ipConfigurations as [{ subnet: { id: string } }];
    assert.match(subnet.id, /\/subnets\/private-link$/);
    const [, link] = subnets(graph) as Record<string, unknown>[];
    assert.deepEqual(link, {
      name: "private-link",
      addressPrefix: "10.255.255.16/28",
      defaultOutboundAccess: false,
      privateLinkServiceNetworkPolicies: "Disabled",
    });
    const { securityRules } = graph.inputs("NetworkSecurityGroup");
    assert.deepEqual(
      (securityRules as Record<string, unknown>[])
        .filter(({ direction, access }) => direction === "Inbound" && access === "Allow")
        .map((rule) => [rule.name, rule.sourceAddressPrefix ?? rule.sourceAddressPrefixes]),
      [
        ["private-link", ["10.255.255.16/28"]],
        ["probes", "AzureLoadBalancer"],
        ["clients", ["192.168.0.0/16"]],
      ],
    );
    assert.match(podText(graph), /10\.255\.255\.16\/28 1;/);
    const [{ loadBalancerBackendAddressPools: pools }] = graph.inputs("NetworkInterface")
      .ipConfigurations as [Record<string, unknown>];
    assert.deepEqual(pools, [{ id: "westeurope-id/backendAddressPools/endpoint" }]);
    assert.deepEqual(graph.inputs("LoadBalancer").probes, [
      { name: "endpoint", protocol: "Tcp", port: 443, intervalInSeconds: 5, probeThreshold: 2 },
    ]);
  });

  test("has neither in an existing subnet", async () => {
    const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
    const graph = await graphOf({ ...privately, network: { vnet, subnet: "caches" } });
    assert.deepEqual(
      types(graph).filter((it) => /^(?:PublicIPAddress|NatGateway|VirtualNetwork) /.test(it)),
      [],
    );
  });

  test("keeps a subnet's default outbound access as it was created", async () => {
    const was = (isClosed: boolean) => ({ previousSubnet: { isClosed, hasLink: false } });
    const natGateway = { id: "westeurope-outbound-id" };
    const opened = await graphOf(privately, [gsoci], {}, undefined, was(false));
    assert.deepEqual(subnets(opened), [{ ...range, natGateway }]);
    const closed = await graphOf({}, [gsoci], {}, undefined, was(true));
    assert.deepEqual(subnets(closed), [{ ...range, defaultOutboundAccess: false }]);
  });

  test("keeps a private link's subnet when the private link is removed, because its content is deleted after the network's update", async () => {
    const found = { previousSubnet: { isClosed: true, hasLink: true } };
    const graph = await graphOf(privately, [gsoci], {}, undefined, found);
    assert.deepEqual(
      (subnets(graph) as Record<string, unknown>[]).map(({ name }) => name),
      ["machine", "private-link"],
    );
  });
});

test("resolves the name by Traffic Manager with failover, and to nothing when the machine is dead", async () => {
  const endpoint = { ...westeurope.endpoint, failover: "dns" };
  const graph = await graphOf({ endpoint });
  const { monitorConfig, endpoints, trafficRoutingMethod, dnsConfig } = graph.inputs("Profile");
  assert.deepEqual(monitorConfig, {
    protocol: "TCP",
    port: 443,
    intervalInSeconds: 30,
    timeoutInSeconds: 10,
    toleratedNumberOfFailures: 2,
  });
  assert.equal(trafficRoutingMethod, "Priority");
  assert.deepEqual(
    (endpoints as Record<string, unknown>[]).map(({ target, priority, alwaysServe }) => [
      target,
      priority,
      alwaysServe,
    ]),
    [
      ["direct.cache.westeurope.example.com", 1, undefined],
      ["gone.cache.westeurope.example.com", 2, "Enabled"],
    ],
  );
  const { relativeName } = dnsConfig as { relativeName: string };
  const records = (name: string) => {
    const { recordType, relativeRecordSetName, aRecords, cnameRecord } = graph.inputs(
      "RecordSet",
      `westeurope-${name}`,
    );
    return [recordType, relativeRecordSetName, aRecords ?? cnameRecord];
  };
  assert.deepEqual(records("address"), [
    "CNAME",
    "cache.westeurope",
    { cname: `${relativeName}.trafficmanager.net` },
  ]);
  assert.deepEqual(records("direct"), ["A", "direct.cache.westeurope", [{ ipv4Address: "192.0.2.7" }]]);
  assert.deepEqual(records("gone").slice(0, 2), ["TXT", "gone.cache.westeurope"]);
  const { securityRules } = graph.inputs("NetworkSecurityGroup");
  const probes = (securityRules as Record<string, unknown>[]).find(({ name }) => name === "traffic-manager");
  assert.deepEqual(
    [probes?.sourceAddressPrefix, probes?.destinationPortRange, probes?.access],
    ["AzureTrafficManager", "443", "Allow"],
  );
});

describe("choices", () => {
  test("create no records without a zone", async () => {
    const bare = { hostname: "cache.example.org", tls: { mode: "private" } };
    const { resources } = await graphOf({ endpoint: bare }, [gsoci]);
    assert.ok(!resources.some(({ type }) => type.startsWith("azure-native:dns")));
  });

  test("use an existing network's subnet, and no other", async () => {
    const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
    const { resources, inputs } = await graphOf({ network: { vnet, subnet: "caches" } });
    assert.ok(!resources.some(({ type }) => type.endsWith(":VirtualNetwork")));
    const [{ subnet }] = inputs("NetworkInterface").ipConfigurations as [{ subnet: unknown }];
    assert.deepEqual(subnet, { id: `${vnet}/subnets/caches` });
  });
});
