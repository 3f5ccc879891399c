/** What Azure is asked before a region is created, and what is reported if something is missing. */
import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { namesOf, storageAccountName } from "../../components/hosts/azure/naming.ts";
import { existing, subscriptionId as own, types } from "../doubles/azure/account.ts";
import { everywhere } from "../doubles/cloud.ts";
import { answerFetch } from "../support/azure-api.ts";
import { lookedUp, other } from "./azure-looked-up.ts";

const vnetIn = (subscription: string) =>
  `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;

const secretIn = (subscription: string) =>
  `/subscriptions/${subscription}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/keys/secrets/cache`;

const everything = {
  resourceGroup: "caches",
  network: { vnet: vnetIn(own), subnet: "caches" },
  endpoint: {
    hostname: "cache.example.com",
    zone: "example.com",
    zoneResourceGroup: "dns",
    tls: { mode: "provided", secretName: secretIn(own) },
  },
};

beforeEach(() => answerFetch());

test("asks for each resource where it is, and only for named ones", async () => {
  const previous = {
    disk: undefined,
    address: undefined,
    machine: undefined,
    clientId: undefined,
    secrets: [],
  };
  const found = {
    previous,
    subnet: undefined,
    previousSubnet: undefined,
    storageAccount: undefined,
    hasTrustedLaunch: undefined,
    encryptionType: undefined,
    zone: undefined,
  };
  const nothing = { found, problems: [], warnings: [], asked: [] };
  assert.deepEqual(await lookedUp({}), nothing);
  assert.deepEqual((await lookedUp({ name: "westus" })).found?.previous.secrets, ["credentials-of-westus"]);
  const { problems, asked } = await lookedUp(everything);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.fromEntries(asked), {
    "resources:getResourceGroup": { resourceGroupName: "caches" },
    "dns:getZone": { zoneName: "example.com", resourceGroupName: "dns" },
    "network:getVirtualNetwork": { resourceGroupName: "hub", virtualNetworkName: "hub" },
    "keyvault:getSecret": { resourceGroupName: "keys", vaultName: "keys", secretName: "cache" },
    "keyvault:getVault": { resourceGroupName: "keys", vaultName: "keys" },
  });
});

test("reports everything that is missing at once, each with its path and Azure's message", async () => {
  assert.deepEqual((await lookedUp(everything, { there: false })).problems, [
    "endpoint.tls.secretName: the secret cache in keys can't be found: ResourceNotFound",
    "endpoint.zone: the zone example.com in dns can't be found: ResourceNotFound",
    "network.vnet: hub can't be found: ResourceNotFound",
    "resourceGroup: caches can't be found: ResourceNotFound",
  ]);
});

test("refuses a network in another region or subscription, and one without the subnet", async () => {
  const network = { location: "northeurope", subnets: [{ name: "nodes" }] };
  assert.deepEqual((await lookedUp({ network: everything.network }, { network })).problems, [
    "network.subnet: hub has no caches, only nodes",
    "network.vnet: is in northeurope, and the machine in westeurope",
  ]);
  const foreign = await lookedUp({ network: { vnet: vnetIn(other), subnet: "caches" } });
  assert.deepEqual(foreign.problems, [
    `network.vnet: is in the subscription ${other}, and the machine in ${own}`,
  ]);
});

test("refuses another network for an existing machine, and names the two commands, because Azure doesn't move its interface", async () => {
  const network = { location: "northeurope", subnets: [{ name: "caches" }] };
  const region = { name: "northeurope", network: everything.network };
  const linked = { ...region, name: "swedencentral" };
  assert.match(
    (await lookedUp(linked, { network })).problems.join(),
    /`pulumi destroy --target '\*\*\$azure-native:network:LoadBalancer::swedencentral' --target-dependents`/,
  );
  assert.deepEqual((await lookedUp(region, { network })).problems, [
    "network: Azure doesn't move a network interface to another network. Delete the interface and the machine first, `pulumi destroy --target '**$azure-native:network:NetworkInterface::northeurope' --target-dependents`, and then run `pulumi up`; or keep the network (docs/private-networks.md#another-network)",
  ]);
  assert.deepEqual((await lookedUp({ name: "northeurope" })).problems, []);
});

test("refuses another resource group for an existing machine, and the one that the stack has created", async () => {
  const problemsOf = async (resourceGroup: string) =>
    (await lookedUp({ name: "northeurope", resourceGroup })).problems;
  assert.deepEqual(await problemsOf("caches"), [
    "resourceGroup: the group of an existing machine, disk and address can't change: write the key as it was or, if you have renamed the stack, rename it back. To move the region, take it down first (docs/upgrading.md#taking-a-region-down)",
  ]);
  const { resourceGroup } = namesOf({ stack: "test", region: "northeurope" });
  assert.deepEqual(await problemsOf(resourceGroup.toUpperCase()), [
    `resourceGroup: ${resourceGroup} is the group that the stack has created. If you name it here, the update deletes it with everything in it: remove the key`,
  ]);
});

test("refuses a certificate in a vault with access policies, where roles have no effect", async () => {
  const { endpoint } = everything;
  assert.deepEqual((await lookedUp({ endpoint }, { hasRbac: false })).problems, [
    "endpoint.tls.secretName: the vault keys has access policies, and the machine is given its right by Azure RBAC: name a secret in a vault with Azure RBAC, or switch this one, which ends its access policies: `az keyvault update --name keys --enable-rbac-authorization true`",
  ]);
});

test("accepts a secret of another subscription, which it can't look up", async () => {
  const endpoint = { ...everything.endpoint, tls: { mode: "provided", secretName: secretIn(other) } };
  const { problems, asked } = await lookedUp({ endpoint });
  assert.deepEqual([problems, asked.map(([token]) => token)], [[], ["dns:getZone"]]);
});

test("knows the name of a storage account before it exists, and refuses another stack's", async () => {
  const storage = { kind: "bucket" };
  const accountName = storageAccountName(own, { stack: "test", region: "westeurope" });
  const { found, problems, asked } = await lookedUp({ storage }, { there: false });
  assert.deepEqual([found?.storageAccount, problems], [accountName, []]);
  assert.deepEqual(asked, [
    ["storage:getStorageAccount", { accountName, resourceGroupName: "registry-cache-test-westeurope" }],
  ]);
  assert.deepEqual((await lookedUp({ storage })).problems, [
    `storage.kind: the storage account ${accountName} already exists and isn't this stack's: delete it, or take it over: docs/day-2.md#take-over-existing-resources`,
  ]);
  assert.deepEqual((await lookedUp({ storage }, { there: "AuthorizationFailed" })).problems, [
    `storage.kind: the storage account ${accountName} can't be looked for: AuthorizationFailed`,
  ]);
});

test("refuses to change a storage account's key and identity at the same time", async () => {
  const managed = `/subscriptions/${own}/resourceGroups/keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  const problemsOf = async (key: string, identity: string, kind = "bucket") => {
    const governance = { storageKey: { key: `https://keys.vault.azure.net/keys/${key}`, identity } };
    const storage = { kind, ...(kind === "disk" && { size: "240GiB" }) };
    const { problems } = await lookedUp({ name: "francecentral", storage }, {}, { governance });
    return problems.filter((problem) => problem.startsWith("governance.storageKey: "));
  };
  assert.deepEqual(await problemsOf("two", `${managed}/two`), [
    "governance.storageKey: Azure doesn't change the key and the identity of francecentral in one update: change `identity`, run `pulumi up`, and then change `key`",
  ]);
  assert.deepEqual(await problemsOf("one", `${managed}/two`), []);
  assert.deepEqual(await problemsOf("two", `${managed}/one`), []);
  assert.deepEqual(await problemsOf("two", `${managed}/two`, "disk"), []);
});

test("refuses another encryption set than an existing disk has, or none", async () => {
  const { germanywestcentral, westeurope } = existing.encryptionSets;
  const told = async (name: string, governance: object) =>
    (await lookedUp({ name }, {}, { governance })).problems
      .filter((it) => it.includes("an update can't"))
      .join();
  assert.equal(await told("germanywestcentral", { diskEncryptionSet: germanywestcentral }), "");
  assert.equal(await told("westeurope", { diskEncryptionSet: westeurope }), "");
  for (const governance of [{ diskEncryptionSet: westeurope }, {}])
    assert.match(
      await told("germanywestcentral", governance),
      /^governance\.diskEncryptionSet: the data disk of germanywestcentral has \S+DISKS-GERMANYWESTCENTRAL, and .* keep it, or change it by hand/,
    );
});

describe("the route out of a subnet for a private endpoint", () => {
  const privately = { ...everything.endpoint, exposure: "private", tls: { mode: "private" } };
  const said = async (subnet: object, network: object = {}, routes: object[] = []) => {
    const { problems, warnings } = await lookedUp(
      { network: everything.network, endpoint: privately },
      { network: { location: "westeurope", subnets: [{ name: "caches", ...subnet }], ...network }, routes },
    );
    assert.deepEqual(problems, []);
    return warnings.map((text) => text.replace(/^.*network\.subnet: /, ""));
  };
  const routeTable = { id: `${vnetIn(own).replace(/virtualNetworks.+/, "routeTables")}/out` };
  const closed = { defaultOutboundAccess: false };
  const to = (nextHopType: string, addressPrefix = "0.0.0.0/0") => ({ addressPrefix, nextHopType });

  test("can be a NAT gateway, or a route to a firewall or a gateway, in halves too", async () => {
    assert.deepEqual(await said({ ...closed, natGateway: { id: "nat" } }), []);
    for (const hop of ["VirtualAppliance", "VirtualNetworkGateway"])
      assert.deepEqual(await said({ ...closed, routeTable }, {}, [to(hop)]), []);
    const halves = ["128.0.0.0/1", "0.0.0.0/1"].map((half) => to("VirtualAppliance", half));
    assert.deepEqual(await said({ ...closed, routeTable }, {}, [to("None"), ...halves]), []);
  });

  test("is missing with a route to nowhere or for other addresses, or without any: then the machine needs everything in its networks", async () => {
    const none =
      /^has no way out, so the machine reaches only its own network and connected ones\. .*If it isn't: give it a NAT gateway/;
    for (const [subnet, routes] of [
      [closed, []],
      [{ natGateway: { id: "nat" }, routeTable }, [to("None")]],
      [{ ...closed, routeTable }, [to("VirtualAppliance", "10.0.0.0/8"), to("Internet")]],
      [{ ...closed, routeTable }, [to("VirtualAppliance", "0.0.0.0/1"), to("Internet", "128.0.0.0/1")]],
    ] as const) {
      const [text = "", ...others] = await said(subnet, {}, [...routes]);
      assert.match(text, none);
      assert.deepEqual(others, []);
    }
  });

  test("can't be default outbound access for a private link, whose subnet must have no policies for it", async () => {
    const linked = { ...privately, privateLink: { allowed: [own] } };
    const network = { location: "westeurope", subnets: [{ name: "caches" }] };
    const { problems, warnings } = await lookedUp(
      { network: everything.network, endpoint: linked },
      { network },
    );
    assert.match(warnings.join("\n"), /network\.subnet: has no way out/);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(
      problems.join("\n"),
      /^network\.subnet: allows no private link service: run `az network vnet subnet update --ids \S+\/hub\/subnets\/caches --disable-private-link-service-network-policies true`$/m,
    );
  });

  test("causes a warning if it may be missing", async () => {
    const [old = ""] = await said({});
    assert.match(old, /^has Azure's default outbound access only/);
    for (const network of [
      { virtualNetworkPeerings: [{ useRemoteGateways: true }] },
      { subnets: [{ name: "caches", ...closed }, { name: "GatewaySubnet" }] },
    ]) {
      const [learned = ""] = await said(closed, network);
      assert.match(learned, /^has a way out only if its network's gateway has learned a route/);
    }
  });
});

describe("the way of answers from a public address in an existing subnet", () => {
  const routeTable = { id: `${vnetIn(own).replace(/virtualNetworks.+/, "routeTables")}/out` };
  const via = (nextHopType: string, addressPrefix = "0.0.0.0/0") => ({ addressPrefix, nextHopType });
  const said = async (subnet: object, routes: object[] = [], change: object = {}, network: object = {}) => {
    const location = "name" in change ? change.name : "westeurope";
    const { problems, warnings } = await lookedUp(
      { network: everything.network, ...change },
      { network: { location, subnets: [{ name: "caches", ...subnet }], ...network }, routes },
    );
    return [problems, warnings].map((texts) => texts.join("\n"));
  };
  const firewall = via("VirtualAppliance");
  const around = (addressPrefix: string) => [firewall, via("Internet", addressPrefix)];

  test("needs no way out and no route table, and is Azure's own by a route to the internet", async () => {
    assert.deepEqual(await said({ defaultOutboundAccess: false }), ["", ""]);
    assert.deepEqual(await said({ routeTable }, [via("Internet")]), ["", ""]);
  });

  test("can't lead to a firewall, which drops answers to requests that it hasn't seen, except around it to the clients", async () => {
    const [problems = "", warnings] = await said({ routeTable }, [firewall]);
    assert.match(
      problems,
      /^network\.subnet: answers to 203\.0\.113\.0\/24 take its default route \(VirtualAppliance\)\. Requests come another way, so clients get no answer: set `endpoint\.exposure: private`, /,
    );
    assert.equal(warnings, "");
    assert.deepEqual(await said({ routeTable }, around("203.0.112.0/23")), ["", ""]);
    assert.match(
      String(await said({ routeTable }, around("203.0.113.0/25"))),
      /answers to 203\.0\.113\.0\/24 take/,
    );
    assert.match(String(await said({ routeTable }, [via("None")])), /its default route \(None\)/);
    const halves = ["0.0.0.0/1", "128.0.0.0/1"].map((half) => via("VirtualAppliance", half));
    for (const whole of [[], [via("Internet")]])
      assert.match(String(await said({ routeTable }, [...whole, ...halves])), /route \(VirtualAppliance\)/);
    const told = async (clients: unknown) =>
      (await said({ routeTable }, around("AzureCloud.westeurope"), { access: { clients } }))[0];
    assert.equal(await told(["AzureCloud.westeurope", "10.0.0.0/8", "VirtualNetwork"]), "");
    assert.match(String(await told("public")), /answers to 0\.0\.0\.0\/0 take/);
  });

  test("causes a warning if it may be another one, or if only other traffic has a gateway, which bills for it", async () => {
    const learned = { virtualNetworkPeerings: [{ useRemoteGateways: true }] };
    const [, may = ""] = await said({}, [], {}, learned);
    assert.match(
      may,
      /network\.subnet: if its network's gateway has learned a route for 0\.0\.0\.0\/0, answers to clients go there/,
    );
    assert.deepEqual(await said({ routeTable }, [via("Internet")], {}, learned), ["", ""]);
    const network = { location: "westeurope", subnets: [{ name: "caches", routeTable }], ...learned };
    const unlearned = { network, disableBgpRoutePropagation: true };
    assert.deepEqual((await lookedUp({ network: everything.network }, unlearned)).warnings, []);
    const [, bills = ""] = await said({ natGateway: { id: "nat" } });
    assert.match(
      bills,
      /network\.subnet: has a NAT gateway, which carries, and bills for, what the machine fetches/,
    );
  });

  test("causes only a warning for an endpoint that the stack already has", async () => {
    const name = "italynorth";
    const [problems, warnings = ""] = await said({ routeTable, natGateway: { id: "nat" } }, [firewall], {
      name,
    });
    assert.equal(problems, "");
    assert.match(warnings, /^italynorth: network\.subnet: answers to .* take its default route .*$/);
    assert.deepEqual(await said({ natGateway: { id: "nat" } }, [], { name }), ["", ""]);
    // In this region, only the address exists.
    const [refused = ""] = await said({ routeTable }, [firewall], { name: "polandcentral" });
    assert.match(refused, /network\.subnet: answers to .* take its default route /);
  });
});

describe("the security group of an existing subnet", () => {
  const networkSecurityGroup = {
    id: `${vnetIn(own).replace(/virtualNetworks.+/, "networkSecurityGroups")}/hub`,
  };
  const network = { location: "westeurope", subnets: [{ name: "caches", networkSecurityGroup }] };
  const rule = {
    priority: 100,
    direction: "Inbound",
    access: "Allow",
    protocol: "Tcp",
    sourceAddressPrefix: "203.0.113.0/24",
    destinationAddressPrefix: "*",
    destinationPortRange: "443",
  };
  const said = async (
    rules: readonly object[] | string,
    clients: string[] = ["203.0.113.0/24"],
    change: object = {},
    own: object = {},
  ) => {
    const region = { network: everything.network, access: { clients }, ...change };
    const subnets = network.subnets.map((subnet) => ({ ...subnet, ...own }));
    const { problems, warnings } = await lookedUp(region, { network: { ...network, subnets }, rules });
    assert.deepEqual(problems, []);
    return warnings
      .filter((it) => it.includes("security group"))
      .map((it) => it.replace(/^.*network\.subnet: /, ""));
  };

  test("is accepted if it lets clients in, perhaps by a tag or for some of them", async () => {
    assert.deepEqual(await said([rule]), []);
    assert.deepEqual(
      await said([{ ...rule, destinationPortRanges: ["80", "440-450"], destinationPortRange: undefined }]),
      [],
    );
    assert.deepEqual(await said([{ ...rule, sourceAddressPrefix: "AzureCloud" }]), []);
    assert.deepEqual(await said([{ ...rule, sourceAddressPrefix: "203.0.113.7" }]), []);
    // One for an application security group.
    assert.deepEqual(await said([{ ...rule, sourceAddressPrefix: undefined }]), []);
    const deny = { ...rule, name: "later", priority: 200, access: "Deny", sourceAddressPrefix: "*" };
    assert.deepEqual(await said([deny, rule]), []);
    const ofOthers = { ...deny, priority: 50, destinationAddressPrefix: "10.20.9.0/24" };
    assert.deepEqual(await said([ofOthers, rule]), []);
  });

  test("is refused if it refuses clients, with the name of the rule", async () => {
    const nothing = "the security group hub of the subnet lets in nothing from";
    const before = "Add one before it";
    for (const rules of [[], [{ ...rule, destinationPortRange: "80" }], [{ ...rule, protocol: "Udp" }]])
      assert.deepEqual(await said(rules), [
        `${nothing} 203.0.113.0/24 at port 443: its rule DenyAllInBound comes first. ${before}`,
      ]);
    const deny = { ...rule, name: "none", priority: 50, access: "Deny", sourceAddressPrefix: "203.0.0.0/16" };
    assert.deepEqual(await said([rule, deny]), [
      `${nothing} 203.0.113.0/24 at port 443: its rule none comes first. ${before}`,
    ]);
  });

  test("may let in private addresses as those of the network, by its own rule", async () => {
    assert.deepEqual(await said([], ["10.0.0.0/8"]), []);
    const deny = {
      ...rule,
      name: "none",
      access: "Deny",
      sourceAddressPrefixes: ["10.0.0.0/8"],
      sourceAddressPrefix: "",
    };
    assert.match(
      (await said([deny], ["10.20.0.0/16"])).join(),
      /lets in nothing from 10\.20\.0\.0\/16 at port 443: its rule none/,
    );
  });

  const denyAll = {
    ...{ ...rule, name: "deny-all", priority: 4096, access: "Deny", protocol: "*" },
    ...{ sourceAddressPrefix: "*", destinationPortRange: "*" },
  };
  const refused = (from: string, port = 443) =>
    `the security group hub of the subnet lets in nothing from ${from} at port ${port}: its rule deny-all comes first. Add one before it`;
  const tag = (sourceAddressPrefix: string, priority: number) => ({ ...rule, sourceAddressPrefix, priority });

  test("is refused if it lets in clients, and not probes or a private link's clients", async () => {
    const privateLink = { allowed: [other] };
    const endpoint = { ...everything.endpoint, exposure: "private", privateLink };
    const own = {
      ...{ addressPrefix: "10.20.1.0/24", natGateway: { id: "nat" } },
      privateLinkServiceNetworkPolicies: "Disabled",
    };
    const clients = ["10.99.0.0/16"];
    const rules = [tag("10.99.0.0/16", 100), denyAll];
    assert.deepEqual(await said(rules, clients, { endpoint }, own), [
      refused("10.20.1.0/24"),
      refused("AzureLoadBalancer"),
    ]);
    const allowed = [tag("10.20.0.0/16", 110), tag("AzureLoadBalancer", 120)];
    assert.deepEqual(await said([...rules, ...allowed], clients, { endpoint }, own), []);
    assert.deepEqual(await said([...rules, tag("VirtualNetwork", 110)], clients, { endpoint }, own), []);
  });

  test("is refused if it doesn't let in Traffic Manager, or the readers of the metrics", async () => {
    const clients = ["203.0.113.0/24"];
    const endpoint = { ...everything.endpoint, failover: "dns" };
    const traffic = [rule, tag("AzureLoadBalancer", 110), denyAll];
    assert.deepEqual(await said(traffic, clients, { endpoint }), [refused("AzureTrafficManager")]);
    assert.deepEqual(await said([...traffic, tag("AzureTrafficManager", 120)], clients, { endpoint }), []);
    assert.deepEqual(await said([...traffic, tag("AzureCloud", 120)], clients, { endpoint }), []);
    assert.deepEqual(await said([...traffic, tag("20.40.0.0/16", 120)], clients, { endpoint }), []);
    assert.deepEqual(await said([...traffic, tag("10.0.0.0/8", 120)], clients, { endpoint }), [
      refused("AzureTrafficManager"),
    ]);
    const access = { clients, metrics: ["198.51.100.0/24"] };
    assert.deepEqual(await said([rule, denyAll], clients, { access }), [refused("198.51.100.0/24", 9443)]);
  });

  test("may let in public ranges as those of a private endpoint's network", async () => {
    const endpoint = { ...everything.endpoint, exposure: "private" };
    const own = { natGateway: { id: "nat" } };
    assert.deepEqual(await said([], ["25.0.0.0/16"], { endpoint }, own), []);
    const deny = { ...denyAll, sourceAddressPrefix: "Internet" };
    assert.deepEqual(await said([deny], ["25.0.0.0/16"], { endpoint }, own), []);
    assert.deepEqual(await said([denyAll], ["25.0.0.0/16"], { endpoint }, own), [refused("25.0.0.0/16")]);
  });

  test("is refused if it lets nothing out to the internet", async () => {
    const out = {
      ...rule,
      name: "no-internet",
      direction: "Outbound",
      access: "Deny",
      destinationPortRange: "*",
    };
    const deny = { ...out, sourceAddressPrefix: "*", destinationAddressPrefix: "Internet" };
    assert.deepEqual(await said([rule, deny]), [
      "the security group hub of the subnet lets nothing out to the internet at port 443: its rule no-internet comes first. Add one before it for the registries",
    ]);
    const allow = { ...deny, priority: 90, access: "Allow", destinationAddressPrefix: "AzureCloud" };
    assert.deepEqual(await said([rule, deny, allow]), []);
    assert.deepEqual(await said([rule, deny, { ...allow, destinationAddressPrefix: "20.0.0.0/8" }]), []);
    const inside = { ...allow, destinationAddressPrefix: "10.0.0.0/8" };
    assert.equal((await said([rule, deny, inside])).length, 1);
    const partly = { ...inside, access: "Deny", destinationAddressPrefix: "20.0.0.0/8" };
    assert.match((await said([rule, deny, partly])).join(), /its rule no-internet comes first/);
  });

  test("causes a warning if it may not be read", async () => {
    assert.deepEqual(await said("AuthorizationFailed"), [
      "can't check the security group hub: AuthorizationFailed",
    ]);
  });
});

describe("the endpoint's name", () => {
  const zones = `/subscriptions/${own}/resourceGroups/dns/providers/Microsoft.Network`;
  const publicZone = `${zones}/dnsZones/example.com`;
  const privateZone = `${zones}/privateDnsZones/${existing.privateZone}`;
  const endpoint = { ...everything.endpoint, tls: { mode: "private" } };
  const acme = { mode: "acme", email: "platform@example.com" };
  const hidden = { hostname: "cache.corp.example.com", zone: existing.privateZone, exposure: "private" };
  /** @param records of the zones, each by its id */
  const told = async (records: string[], change: object = {}, name = "westeurope") => {
    const type = (id: string) => (id.startsWith(privateZone) ? types.privateRecordSet : types.recordSet);
    answerFetch((cloud) => {
      for (const id of records)
        cloud.keep({ type: type(id), id, scope: everywhere, inputs: {}, outputs: {} });
    });
    const { problems } = await lookedUp({ name, endpoint: { ...endpoint, ...change } }, { privateZone });
    return problems;
  };
  const taken = (name: string, wayOut = "choose another name") =>
    `endpoint.hostname: a record of ${name} already exists and isn't this stack's: ${wayOut}, delete the record if nothing uses it, or take it over (docs/day-2.md#take-over-existing-resources). If the stack's state is lost: docs/day-2.md#the-state-is-lost`;

  test("is free, or has an address or an alias, or for failover any record, beside which there is no alias", async () => {
    const others = [`${publicZone}/TXT/cache`, `${publicZone}/A/other`];
    assert.deepEqual(await told(others), []);
    assert.deepEqual(await told(others, { failover: "dns" }), [taken("cache.example.com")]);
    for (const type of ["A", "AAAA", "CNAME"]) {
      for (const failover of [undefined, "dns"])
        assert.deepEqual(await told([`${publicZone}/${type}/cache`], { failover }), [
          taken("cache.example.com"),
        ]);
      assert.deepEqual(await told([`${privateZone}/${type}/cache`], hidden), [
        taken("cache.corp.example.com"),
      ]);
    }
  });

  test("isn't delegated by its zone to other name servers, nor by the zone of the challenge", async () => {
    const hostname = "cache.eu.dev.example.com";
    const message = `the zone example.com delegates dev.example.com to other name servers, so no resolver finds its records of ${hostname}: name the zone dev.example.com`;
    const ns = [`${publicZone}/NS/dev`, `${publicZone}/NS/eu.dev`];
    assert.deepEqual(await told(ns, { hostname, tls: acme }), [`endpoint.zone: ${message}`]);
    const others = ["NS/@", "NS/ev", "NS/other.dev", "TXT/dev"].map((it) => `${publicZone}/${it}`);
    assert.deepEqual(await told(others, { hostname, tls: acme }), []);
    const tls = { ...acme, challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
    assert.deepEqual(await told([`${publicZone}/NS/corp`], { ...hidden, tls }), [
      "endpoint.tls.challengeZone: the zone example.com delegates corp.example.com to other name servers, so no resolver finds its records of cache.corp.example.com: name the zone corp.example.com",
    ]);
  });

  test("needs two more names for failover", async () => {
    const failover = { failover: "dns" };
    assert.deepEqual(await told([`${publicZone}/TXT/direct.cache`], failover), []);
    for (const [record, name] of [
      ["A/direct.cache", "direct.cache.example.com"],
      ["A/gone.cache", "gone.cache.example.com"],
      ["TXT/gone.cache", "gone.cache.example.com"],
    ] as const) {
      assert.deepEqual(await told([`${publicZone}/${record}`], failover), [taken(name)]);
      assert.deepEqual(await told([`${publicZone}/${record}`]), []);
    }
  });

  test("causes a warning if the zone's records may not be read", async () => {
    const { fetch } = globalThis;
    const error = { code: "AuthorizationFailed", message: "no" };
    mock.method(globalThis, "fetch", async (url: string, init: RequestInit) =>
      url.includes("/all?") ? Response.json({ error }, { status: 403 }) : fetch(url, init),
    );
    const { problems, warnings } = await lookedUp({ endpoint: { ...endpoint, tls: acme } });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      warnings.filter((it) => it.includes("endpoint.hostname")),
      [
        "westeurope: endpoint.hostname: can't check whether the zone example.com already has records of cache.example.com: AuthorizationFailed: no",
      ],
    );
  });

  test("is proved by one cache only, whether another one is public or private", async () => {
    const wayOut = "choose another name or another `tls.mode`";
    const alias = `${publicZone}/CNAME/_acme-challenge.cache.corp`;
    const delegation = `${publicZone}/NS/acme.cache.corp`;
    const tls = { ...acme, challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
    for (const records of [[alias], [alias, delegation]])
      assert.deepEqual(await told(records, { ...hidden, tls }), [
        taken("_acme-challenge.cache.corp.example.com", wayOut),
      ]);
    assert.deepEqual(await told([delegation], { ...hidden, tls }), [
      taken("acme.cache.corp.example.com", wayOut),
    ]);
    const inOther = { ...hidden, tls: { ...tls, challengeZoneSubscription: other } };
    assert.match(
      (await told([], inOther)).join(),
      /^endpoint\.tls\.challengeZone: the zone example\.com in dns of the subscription 22222222-\S+ can't be found: /,
    );
    assert.deepEqual(await told([`${publicZone}/TXT/_acme-challenge.cache`], { tls: acme }), [
      taken("_acme-challenge.cache.example.com", wayOut),
    ]);
    assert.deepEqual(await told([alias, delegation], hidden), []);
    const shadow = `${privateZone}/TXT/_acme-challenge.cache`;
    assert.deepEqual(await told([shadow], { ...hidden, tls }), [
      taken("_acme-challenge.cache.corp.example.com", wayOut),
    ]);
    assert.deepEqual(await told([shadow], hidden), []);
  });

  test("has records of the region", async () => {
    const name = "cache.uksouth";
    const records = [`A/${name}`, `CNAME/_acme-challenge.${name}`, `NS/acme.${name}`];
    const change = { hostname: `${name}.example.com`, tls: acme };
    assert.deepEqual(
      await told(
        records.map((it) => `${publicZone}/${it}`),
        change,
        "uksouth",
      ),
      [],
    );
    const tls = { ...acme, challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
    const privately = { ...hidden, hostname: `${name}.corp.example.com`, tls };
    const alias = `${privateZone}/CNAME/_acme-challenge.${name}`;
    assert.deepEqual(await told([alias], privately, "uksouth"), []);
  });

  test("has a record of the region that is replaced by an alias, which must be the only record", async () => {
    const own = `${publicZone}/A/cache.uksouth`;
    const change = { hostname: "cache.uksouth.example.com", failover: "dns" };
    assert.deepEqual(await told([own], change, "uksouth"), []);
    assert.deepEqual(await told([own, `${publicZone}/TXT/cache.uksouth`], change, "uksouth"), [
      taken("cache.uksouth.example.com"),
    ]);
  });

  test("has a record of the region in another zone", async () => {
    const hostname = "cache.uksouth.example.com";
    const records = ["A/cache.uksouth", "CNAME/_acme-challenge.cache.uksouth", "NS/acme.cache.uksouth"];
    const zone = publicZone.replace("resourceGroups/dns", "resourceGroups/other");
    for (const [record, name] of [
      [records[0], hostname],
      [records[1], `_acme-challenge.${hostname}`],
      [records[2], `acme.${hostname}`],
    ]) {
      const change = { hostname, zoneResourceGroup: "other", tls: acme };
      const [said = ""] = await told([`${zone}/${record}`], change, "uksouth");
      assert.ok(said.startsWith(`endpoint.hostname: a record of ${name} already exists`), said);
    }
  });

  test("is looked for once in each zone", async () => {
    const { fetch } = globalThis;
    const asked: string[] = [];
    mock.method(globalThis, "fetch", async (url: string, init: RequestInit) => {
      if (url.includes("/all?") && !url.includes("skiptoken")) asked.push(new URL(url).pathname);
      return fetch(url, init);
    });
    const tls = { ...acme, challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
    await lookedUp({ endpoint: { ...endpoint, tls: acme } });
    assert.deepEqual(asked.splice(0), [`${publicZone}/all`]);
    await lookedUp({ endpoint: { ...endpoint, ...hidden, tls } }, { privateZone });
    assert.deepEqual(asked, [`${privateZone}/all`, `${publicZone}/all`]);
  });

  test("has a record of another region of the stack", async () => {
    const change = { ...hidden, hostname: "cache.francecentral.corp.example.com" };
    assert.deepEqual(await told([`${privateZone}/A/cache.francecentral`], change), [
      "endpoint.hostname: cache.francecentral.corp.example.com is still the host name of this stack's region francecentral: give that region another host name, or remove it, in an update of its own first",
    ]);
  });
});

describe("the zone of a private endpoint", () => {
  const group = `/subscriptions/${own}/resourceGroups/dns/providers/Microsoft.Network`;
  const acme = { mode: "acme", email: "platform@example.com" };
  const proved = { ...acme, challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
  const endpoint = {
    hostname: "cache.corp.example.com",
    zone: existing.privateZone,
    zoneResourceGroup: "dns",
    exposure: "private",
    tls: { mode: "private" },
  };
  const natGateway = { id: "nat" };
  const hub = { location: "westeurope", subnets: [{ name: "caches", natGateway }] };
  const privateZone = `${group}/privateDnsZones/${existing.privateZone}`;
  const linked = { vnet: existing.virtualNetwork, subnet: "caches" };
  const unlinked = { vnet: vnetIn(own).replace(/hub$/, "other"), subnet: "caches" };

  test("can be a private one that is linked with the network, with a public one for the proof", async () => {
    const region = { network: linked, endpoint: { ...endpoint, tls: proved } };
    const { found, problems, warnings, asked } = await lookedUp(region, { network: hub, privateZone });
    assert.deepEqual([found?.zone, problems, warnings], ["private", [], []]);
    assert.deepEqual(
      asked.filter(([token]) => token.endsWith("Zone")),
      [
        ["privatedns:getPrivateZone", { privateZoneName: existing.privateZone, resourceGroupName: "dns" }],
        ["dns:getZone", { zoneName: "example.com", resourceGroupName: "dns" }],
      ],
    );
  });

  test("is refused if it is private and isn't linked, or if there is no zone for the proof", async () => {
    const region = { network: unlinked, endpoint: { ...endpoint, tls: acme } };
    const { problems } = await lookedUp(region, { network: hub, privateZone });
    assert.deepEqual(problems, [
      "endpoint.tls.challengeZone: is missing: the zone corp.example.com is private, and a public authority doesn't see what is in it",
      `endpoint.zone: the private zone corp.example.com isn't linked with the network, whose machines can't find the endpoint's name: \`az network private-dns link vnet create --resource-group dns --zone-name corp.example.com --name registry-cache --virtual-network ${unlinked.vnet} --registration-enabled false\``,
    ]);
  });

  test("may be known to the network's own name servers", async () => {
    const network = { ...hub, dhcpOptions: { dnsServers: ["10.0.0.53"] } };
    const { problems, warnings } = await lookedUp({ network: unlinked, endpoint }, { network, privateZone });
    assert.deepEqual(problems, []);
    assert.match(
      warnings.join(),
      /endpoint\.zone: .* isn't linked with the network, whose own name servers must know it/,
    );
  });

  test("is a public one if there is no private one", async () => {
    const { found, problems } = await lookedUp({ network: unlinked, endpoint }, { network: hub });
    assert.deepEqual([found?.zone, problems], ["public", []]);
  });
});
