/** `npm run oncall`: finds a cache by its stack's state, connects to it, and removes and restores its DNS records. The clouds' programs are doubles. */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import type { Resource } from "../../scripts/engine/state.ts";
import { turn } from "../../scripts/oncall/bypass.ts";
import { wrongCommand } from "../../scripts/oncall/command.ts";
import { kubectlEnvironment } from "../../scripts/oncall/kubectl-environment.ts";
import { machineScript } from "../../scripts/oncall/machine/script.ts";
import { placeOf } from "../../scripts/oncall/place.ts";
import { programFor } from "../../scripts/oncall/program-for.ts";
import { type DeployedRegion, endpointOf, regionIn, unreadable } from "../../scripts/oncall/state.ts";
import { runThere } from "../../scripts/oncall/way-in.ts";
import { waysOf } from "../../scripts/oncall/ways.ts";
import { type FakePrograms, fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { anchorsOf, page, runbook } from "../support/runbooks.ts";
import { scope, tempDir } from "../support/scope.ts";

/** The resources that an update of the real engine has left: test/engine/upgrade. */
function recorded(stack: string): Resource[] {
  const file = join(projectDirectory, "test", "engine", "upgrade", `${stack}.json`);
  return JSON.parse(readFileSync(file, "utf8")).deployment.resources;
}

const region = (stack: string, name?: string) => regionIn(recorded(stack), stack, name);

/** The region with other inputs of one of its resources. */
function changed(
  deployed: DeployedRegion,
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  id?: string,
): DeployedRegion {
  const resources = deployed.resources.map((it) =>
    it.type === type ? { ...it, ...(id !== undefined && { id }), inputs: { ...it.inputs, ...inputs } } : it,
  );
  return { ...deployed, resources };
}

async function programs(t: TestContext, scripts: Readonly<Record<string, string>>): Promise<FakePrograms> {
  const made = scope(t).use(await fakePrograms(scripts));
  const { PATH } = process.env;
  Object.assign(process.env, made.env, { ONCALL_POLL_MS: "1" });
  t.after(() => Object.assign(process.env, { PATH }));
  return made;
}

/** The output during the work. */
async function printed(t: TestContext, work: () => Promise<unknown>): Promise<string> {
  let text = "";
  const log = t.mock.method(console, "log", (line: string) => {
    text += `${line}\n`;
  });
  const write = t.mock.method(process.stdout, "write", (chunk: string) => {
    text += chunk;
    return true;
  });
  try {
    await work();
  } finally {
    log.mock.restore();
    write.mock.restore();
  }
  return text;
}

describe("finds where a cache runs by the state", () => {
  test("on a machine in AWS", () => {
    const machine = region("aws-vm", "eu-west-1").resources.find(
      ({ type }) => type === "aws:ec2/instance:Instance",
    );
    assert.ok(machine);
    const replaced = { ...machine, id: "i-0replaced", delete: true };
    assert.deepEqual(placeOf(regionIn([replaced, ...recorded("aws-vm")], "aws-vm", "eu-west-1")), {
      kind: "aws vm",
      region: "eu-west-1",
      instance: "i-0a1b2c3d4e5f60020",
    });
  });

  test("on a machine in Azure", () => {
    assert.deepEqual(placeOf(region("azure-vm", "westeurope")), {
      kind: "azure vm",
      subscription: "11111111-2222-4333-8444-555555555555",
      resourceGroup: "registry-cache-azure-vm-westeurope",
      machine: "registry-cache-westeurope",
    });
  });

  test("in a cluster that the stack created, or that existed", () => {
    const common = {
      kind: "kubernetes",
      scheme: "https",
      exposedBy: { kind: "service", name: "registry-cache" },
    };
    const { kubeconfig, ...eks } = placeOf(region("aws-cluster")) as never as Record<
      string,
      { from: string }
    >;
    assert.deepEqual(eks, {
      ...common,
      context: "registry-cache-aws-cluster-us-east-1",
      namespace: "registry-cache",
    });
    assert.equal(kubeconfig?.from, "state");
    assert.deepEqual(placeOf(region("azure-cluster")), {
      ...common,
      context: "registry-cache-germanywestcentral",
      namespace: "registry-cache",
      kubeconfig: {
        from: "aks",
        subscription: "11111111-2222-4333-8444-555555555555",
        resourceGroup: "registry-cache-azure-cluster-germanywestcentral",
        cluster: "registry-cache-germanywestcentral",
      },
    });
    const existing = { ...common, context: "test", namespace: "cache-volumes" };
    assert.deepEqual(placeOf(region("kubernetes", "volumes")), {
      ...existing,
      kubeconfig: { from: "state", kubeconfig: "/home/you/.kube/config" },
    });
    const resources = recorded("kubernetes").map((it) =>
      it.type === "pulumi:providers:kubernetes" ? { ...it, inputs: { ...it.inputs, kubeconfig: "" } } : it,
    );
    assert.deepEqual(placeOf(regionIn(resources, "kubernetes", "volumes")), {
      ...existing,
      kubeconfig: { from: "environment" },
    });
  });

  test("on this machine, if this version brought it up", () => {
    const old = region("local-vm");
    const bundle = JSON.stringify({
      health:
        "http://127.0.0.1:18006/probe?module=endpoint&hostname=localhost&target=https%3A%2F%2F127.0.0.1%3A18443%2Fv2%2F\n",
    });
    const type = "pulumi-nodejs:dynamic/local:PodmanPod";
    const place = placeOf(changed(old, type, { bundle, directory: "/tmp/it" }));
    assert.deepEqual(place, {
      kind: "local",
      directory: "/tmp/it",
      internalPort: 18000,
      probe: "hostname=localhost&target=https%3A%2F%2F127.0.0.1%3A18443%2Fv2%2F",
    });
    assert.throws(
      () => placeOf(changed(old, type, { directory: "/tmp/it" })),
      /an earlier version brought it up/,
    );
  });

  test("whatever the program exports", () => {
    const bare = recorded("aws-vm").map((it) =>
      it.type === "pulumi:pulumi:Stack" ? { ...it, outputs: { caches: "of another program" } } : it,
    );
    const deployed = regionIn(bare, "acme/platform/aws-vm", "eu-west-1");
    assert.equal(endpointOf(deployed), "https://cache.eu-west-1.example.com");
    assert.throws(
      () => endpointOf({ ...deployed, endpoint: undefined }),
      /no outputs of eu-west-1, .* didn't end: run `npm run pulumi -- up --stack /,
    );
  });

  test("names what exists if the region doesn't", () => {
    assert.throws(() => region("aws-vm"), /several regions: name one of eu-central-1, eu-west-1$/);
    assert.throws(() => region("aws-vm", "eu-central-2"), /has no region eu-central-2: .*eu-central-1/);
    assert.throws(() => regionIn([], "aws-vm"), /nothing of the stack is up/);
    const { resources, ...rest } = region("aws-vm", "eu-west-1");
    const without = resources.filter(({ type }) => type !== "aws:ec2/instance:Instance");
    assert.throws(
      () => placeOf({ ...rest, resources: without }),
      /no machine, no workload and no Pod of eu-west-1/,
    );
  });
});

test("names the manual ways without the state, and they exist", () => {
  const anchors = anchorsOf(runbook("RegistryCacheDown"));
  const told = unreadable("aws-vm", "error: AccessDenied", "aws");
  assert.match(told, /^the state can't be read: error: AccessDenied$/m);
  const links = told.matchAll(/docs\/runbooks\/RegistryCacheDown\.md#(\S+)/g);
  const named = [...links].map(([, anchor = ""]) => anchor);
  assert.deepEqual(named, ["take-the-cache-out-of-dns", "get-in-without-the-state"]);
  for (const anchor of named) assert.ok(anchors.includes(anchor), anchor);
});

test("says for a stack that the backend lacks whether it has a file", () => {
  const result = "error: no stack named 'local' found";
  assert.match(unreadable("local", result, "local"), /^local: isn't up.* `npm run local` brings it up$/);
  const elsewhere = unreadable("aws-vm", result, "aws");
  assert.match(
    elsewhere,
    /^aws-vm: .* another backend \(docs\/state\.md\): don't run `up`\nWithout the state:$/m,
  );
  assert.match(unreadable("aws-vn", result), /no such stack\. `npm run regions` lists them$/);
});

test("sends on-call to kubectl, not to up, for a stack in an existing cluster that the backend lacks", () => {
  const result = "error: no stack named 'kubernetes-frankfurt' found";
  const told = unreadable("kubernetes-frankfurt", result, "kubernetes");
  assert.doesNotMatch(told, /pulumi -- up/);
  assert.match(told, /^Without the state:$/m);
  const named = [...told.matchAll(/docs\/gitops\.md#([\w-]+)/g)].map(([, anchor = ""]) => anchor);
  assert.deepEqual(named, ["on-call", "send-clients-to-the-upstream"]);
  const anchors = anchorsOf(page("docs/gitops.md"));
  for (const anchor of named) assert.ok(anchors.includes(anchor), anchor);
});

test("refuses an unknown command before it asks a machine", () => {
  for (const right of [
    [],
    ["status"],
    ["--replica", "1", "status"],
    ["--replica", "1"],
    ["bypass", "--yes"],
    ["k", "get", "pods"],
    ["--help"],
  ])
    assert.equal(wrongCommand(right), undefined, `${right}`);
  for (const [wrong, said] of [
    [["bypas"], /there is no command bypas: did you mean "bypass"\?$/],
    [["unbypas", "--yes"], /did you mean "unbypass"\?$/],
    [["stauts"], /did you mean "status"\?$/],
    [
      ["--yes", "bypass"],
      /there is no command --yes: the commands are status, .* Options come after the command$/,
    ],
    [["--replica", "1", "bypass"], /there is no command bypass: /],
    [["bypass", "now"], /^bypass takes --yes and nothing else$/],
  ] as const)
    assert.match(wrongCommand(wrong) ?? "", said);
});

/** A script in place of the program on a machine. */
const echo = `#!/bin/sh
[ "$1" != fails ] || exit 3
printf '%s|' "$@"
[ "$1" != long ] || seq -f 'line %.0f of a long answer' 30000
`;

describe("a command on a machine", () => {
  const aws = `
case "$*" in
  "ssm send-command --region eu-west-1 "*)
    while [ "$1" != --parameters ]; do shift; done
    echo "$2" | jq -r '.commands[]' >"$0.script"
    echo '{"Command":{"CommandId":"c-1"}}' ;;
  "ssm get-command-invocation --region eu-west-1 "*"--command-id c-1 --instance-id i-0a1b2c3d4e5f60020")
    [ -e "$0.asked" ] || { touch "$0.asked"; echo "An error occurred (InvocationDoesNotExist)" >&2; exit 254; }
    jq -n --arg out "$(sh "$0.script" | head -c 24000)" '{Status: "Success", StandardOutputContent: $out, StandardErrorContent: ""}' ;;
  *) echo "unexpected: $*" >&2; exit 252 ;;
esac`;
  // Run Command removes double quotes, and returns the last 4,096 bytes.
  const az = `
case "$*" in
  "vm get-instance-view --subscription "*) printf 'VM running\\n%s\\n' "$(cat "$0.agent" 2>/dev/null || echo Ready)" ;;
  "vm run-command invoke --subscription "*)
    while [ "$1" != --scripts ]; do shift; done
    printf 'Enable succeeded: \\n[stdout]\\n%s\\n\\n[stderr]\\n\\n' "$(tr '"' '\\n' <"\${2#@}" | sh 2>&1 | tail -c 4096)" ;;
  *) echo "unexpected: $*" >&2; exit 2 ;;
esac`;
  const regions = { aws: region("aws-vm", "eu-west-1"), azure: region("azure-vm", "westeurope") };

  for (const [cloud, deployed] of Object.entries(regions)) {
    const run = (t: TestContext, ...command: string[]) => {
      let code: number | undefined;
      const text = printed(t, async () => {
        code = await runThere(deployed, placeOf(deployed), command);
      });
      return text.then((output) => ({ code, output }));
    };

    test(`passes words and output unchanged, and takes the program along: ${cloud}`, async (t) => {
      await programs(t, {
        aws,
        az,
        podman: "echo 'no podman here' >&2; exit 125",
        sudo: 'shift; exec sh "$@"',
      });
      const { code, output } = await run(
        t,
        "q",
        `sum by (code) (rate(x{code=~"5..", y!='z'}[5m])) $(id) \\ `,
      );
      assert.equal(code, 1);
      assert.match(output, /there is no container prometheus/);
      assert.deepEqual(await run(t, "status", "now"), {
        code: 2,
        output:
          "registry-cache: status takes at most 0 arguments. `registry-cache help` lists the commands.\n",
      });
    });
  }

  test("uses the installed program where there is one, and cuts a long answer at its beginning", async (t) => {
    const made = await programs(t, {});
    const installed = join(made.directory, "installed");
    await writeFile(installed, echo, { mode: 0o755 });
    const script = machineScript("exit 9", ["long", 'a "b"', "c'd"], 3900).replaceAll(
      /(?<=^echo )\S+/g,
      (packed) =>
        Buffer.from(
          Buffer.from(packed, "base64").toString().replace("/usr/local/bin/registry-cache", installed),
        ).toString("base64"),
    );
    const { stdout } = await execa("sh", { input: script });
    assert.ok(stdout.length < 4000);
    const [, code, cut, packed = ""] = /^answer:(\d+):(\d):(.*)$/.exec(stdout) ?? [];
    const text = gunzipSync(Buffer.from(packed, "base64")).toString();
    assert.deepEqual([code, cut], ["0", "1"]);
    assert.match(text, /line 30000 of a long answer\n$/);
    assert.ok(text.length > 10_000);
  });

  test("doesn't ask a machine in Azure without its agent, and says what helps", async (t) => {
    const made = await programs(t, { az });
    await writeFile(join(made.directory, "az.agent"), "Not Ready");
    await assert.rejects(
      run(regions.azure, "status"),
      /VM running, and its agent is Not Ready.*npm run oncall -- azure-vm westeurope bypass.*az vm restart/s,
    );
    assert.ok((await made.calls()).every((call) => call[2] !== "run-command"));
  });

  test("distinguishes in AWS an instance that isn't connected from missing credentials", async (t) => {
    await programs(t, {
      aws: "echo 'An error occurred (InvalidInstanceId) when calling SendCommand' >&2; exit 254",
    });
    await assert.rejects(run(regions.aws, "status"), /npm run oncall -- aws-vm eu-west-1 bypass/);
    await programs(t, { aws: "echo 'Unable to locate credentials' >&2; exit 253" });
    await assert.rejects(run(regions.aws, "status"), (error: Error) => {
      assert.match(error.message, /the credentials for AWS are missing/);
      assert.doesNotMatch(error.message, /bypass/);
      return true;
    });
  });

  function run(deployed: DeployedRegion, ...command: string[]) {
    return runThere(deployed, placeOf(deployed), command);
  }
});

test("uses a cluster's context for its program, and its scheme through the edge, and keeps its kubeconfig private", async (t) => {
  const deployed = region("kubernetes", "volumes");
  const place = placeOf(deployed);
  assert.ok(place.kind === "kubernetes");
  const program = programFor(deployed, place);
  assert.match(program, /^CONTEXT='test'$/m);
  assert.match(
    program,
    /^PROBE='hostname=volumes\.example\.com&target=https%3A%2F%2F127\.0\.0\.1%3A8443%2Fv2%2F'$/m,
  );
  assert.match(programFor(deployed, { ...place, scheme: "http" }), /target=http%3A%2F%2F127/);
  const { path } = scope(t).use(await tempDir());
  const kubeconfig = { from: "state", kubeconfig: "apiVersion: v1\nkind: Config\n" } as const;
  const { KUBECONFIG = "" } = await kubectlEnvironment({ ...place, kubeconfig }, path);
  assert.equal((await stat(KUBECONFIG)).mode & 0o777, 0o600);
});

describe("bypass and unbypass", () => {
  const zone = "Z0123456789ABCDEFGHIJ";
  const a = (name: string, ...values: string[]) => ({
    Name: `${name}.`,
    Type: "A",
    TTL: 300,
    ResourceRecords: values.map((Value) => ({ Value })),
  });
  const others = [
    { Name: "example.com.", Type: "NS", TTL: 172800, ResourceRecords: [{ Value: "ns-1.example.net." }] },
    a("cache.eu-central-1.example.com", "198.51.100.2"),
    a("zzz.example.com", "198.51.100.9"),
  ];
  const azureZone =
    "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com";
  const azureA = (name: string, address: string) => ({
    name,
    type: "Microsoft.Network/dnszones/A",
    properties: {
      TTL: 300,
      fqdn: `${name}.example.com.`,
      ARecords: [{ ipv4Address: address }],
      provisioningState: "Succeeded",
    },
  });

  /** @returns a function that reads the current zones */
  async function zones(t: TestContext, initial: object): Promise<() => Promise<Record<string, object[]>>> {
    const fake = join(projectDirectory, "test", "support", "fake-dns.js");
    const call = (name: string) =>
      `exec "${process.execPath}" "${fake}" "$(dirname "$0")/zones" ${name} "$@"`;
    const made = await programs(t, { aws: call("aws"), az: call("az") });
    const file = join(made.directory, "zones");
    await writeFile(file, JSON.stringify(initial));
    return async () => JSON.parse(await readFile(file, "utf8"));
  }

  const go = (t: TestContext, deployed: DeployedRegion, direction: "bypass" | "unbypass") =>
    printed(t, async () => turn(await waysOf(deployed), { direction, yes: true }));

  test("remove and restore a record in Route 53, each twice, and change nothing else in the zone", async (t) => {
    const own = a("cache.eu-west-1.example.com", "198.51.100.1");
    const now = await zones(t, { [zone]: [...others, own] });
    const deployed = region("aws-vm", "eu-west-1");
    const shown = "A cache.eu-west-1.example.com 300 198.51.100.1";
    assert.match(
      await go(t, deployed, "bypass"),
      new RegExp(`to remove: ${shown}\n✓ removed\nClients notice within 5 minutes`),
    );
    assert.deepEqual((await now())[zone], others);
    assert.match(
      await go(t, deployed, "bypass"),
      new RegExp(`already removed: ${shown}\nNothing is left to do`),
    );
    assert.match(await go(t, deployed, "unbypass"), new RegExp(`to restore: ${shown}\n✓ restored`));
    assert.deepEqual((await now())[zone], [...others, own]);
    assert.match(
      await go(t, deployed, "unbypass"),
      new RegExp(`already present: ${shown}\nNothing is left to do`),
    );
    assert.deepEqual((await now())[zone], [...others, own]);
  });

  test("handle an alias of a load balancer, and failover's records, in Route 53", async (t) => {
    const deployed = region("aws-cluster");
    const record = deployed.resources.find(({ type }) => type === "aws:route53/record:Record");
    const [balancer] = (record?.inputs?.aliases ?? []) as { zoneId: string }[];
    assert.ok(balancer);
    const alias = {
      Name: "cache.us-east-1.example.com.",
      Type: "A",
      AliasTarget: {
        HostedZoneId: balancer?.zoneId,
        DNSName: "k8s-0a1b2c3d0015.elb.us-east-1.amazonaws.com.",
        EvaluateTargetHealth: false,
      },
    };
    const active = a("active.cache.us-east-1.example.com", "198.51.100.7");
    const now = await zones(t, { [zone]: [active, alias] });
    assert.match(await go(t, deployed, "bypass"), /Clients notice within 60 seconds/);
    assert.deepEqual((await now())[zone], [active]);
    await go(t, deployed, "unbypass");
    assert.deepEqual((await now())[zone], [active, alias]);
  });

  test("remove the records of both address families", async (t) => {
    const deployed = region("aws-vm", "eu-west-1");
    const record = deployed.resources.find(({ type }) => type === "aws:route53/record:Record");
    assert.ok(record);
    const values = ["2001:db8::1"];
    const six = {
      ...record,
      urn: `${record.urn}-ipv6`,
      inputs: { ...record.inputs, type: "AAAA", records: values },
    };
    const both = { ...deployed, resources: [...deployed.resources, six] };
    const now = await zones(t, {
      [zone]: [
        a("cache.eu-west-1.example.com", "198.51.100.1"),
        { ...a("cache.eu-west-1.example.com", ...values), Type: "AAAA" },
      ],
    });
    const [, ofSix] = (await now())[zone] ?? [];
    await go(t, deployed, "bypass");
    assert.deepEqual((await now())[zone], [ofSix]);
    assert.match(await go(t, both, "bypass"), /already removed: A .*to remove: AAAA /s);
    assert.deepEqual((await now())[zone], []);
    await go(t, both, "unbypass");
    assert.equal((await now())[zone]?.length, 2);
  });

  test("show what somebody changed, remove it as it is, and restore what the state has", async (t) => {
    const now = await zones(t, { [zone]: [a("cache.eu-west-1.example.com", "203.0.113.1")] });
    const deployed = region("aws-vm", "eu-west-1");
    const text = await go(t, deployed, "unbypass");
    assert.match(
      text,
      /to restore: .* 198\.51\.100\.1\n {4}instead of: A cache\.eu-west-1\.example\.com 300 203\.0\.113\.1\n/,
    );
    assert.deepEqual((await now())[zone], [a("cache.eu-west-1.example.com", "198.51.100.1")]);
    await zones(t, { [zone]: [a("cache.eu-west-1.example.com", "203.0.113.1")] });
    assert.match(
      await go(t, deployed, "bypass"),
      /to remove: .* 203\.0\.113\.1\n {4}The stack made another one\./,
    );
  });

  test("fail for a missing zone or subscription, which doesn't count as a removed record", async (t) => {
    await zones(t, { ZOTHER: [], "/subscriptions/other/zone": [] });
    for (const direction of ["bypass", "unbypass"] as const) {
      await assert.rejects(go(t, region("aws-vm", "eu-west-1"), direction), /NoSuchHostedZone/);
      await assert.rejects(go(t, region("azure-vm", "westeurope"), direction), /SubscriptionNotFound/);
    }
    await zones(t, { [`${azureZone}-other`]: [] });
    await assert.rejects(go(t, region("azure-vm", "westeurope"), "bypass"), /ParentResourceNotFound/);
  });

  test("remove and restore a record in Azure, each twice, and change nothing else in the zone", async (t) => {
    const own = azureA("CACHE.westeurope", "198.51.100.2");
    const other = azureA("cache.northeurope", "198.51.100.1");
    const now = await zones(t, { [azureZone]: [other, own] });
    const deployed = region("azure-vm", "westeurope");
    const shown = "A cache.westeurope.example.com 300 198.51.100.2";
    assert.match(await go(t, deployed, "bypass"), new RegExp(`to remove: ${shown}\n✓`));
    assert.deepEqual((await now())[azureZone], [other]);
    assert.match(await go(t, deployed, "bypass"), /already removed/);
    await go(t, deployed, "unbypass");
    const back = ((await now())[azureZone] ?? []).at(-1) as typeof own;
    assert.deepEqual(back.properties, { TTL: 300, ARecords: [{ ipv4Address: "198.51.100.2" }] });
    assert.match(await go(t, deployed, "unbypass"), /already present/);
  });

  test("handle a private zone, and a name of Traffic Manager, in Azure", async (t) => {
    const deployed = region("azure-cluster");
    const type = "azure-native:dns:RecordSet";
    const asAddress = deployed.resources.filter((it) => it.type !== type || it.urn.endsWith("-address"));
    const privateZone = azureZone.replace("dnsZones", "privateDnsZones");
    const privately = {
      ...deployed,
      resources: asAddress.map((it) =>
        it.type === type
          ? {
              ...it,
              type: "azure-native:privatedns:PrivateRecordSet",
              id: `${privateZone}/A/cache.germanywestcentral`,
            }
          : it,
      ),
    };
    const record = {
      name: "cache.germanywestcentral",
      type: "Microsoft.Network/privateDnsZones/A",
      properties: { ttl: 300, fqdn: "x.", aRecords: [{ ipv4Address: "198.51.100.1" }] },
    };
    const now = await zones(t, { [privateZone]: [record] });
    assert.match(await go(t, privately, "unbypass"), /already present/);
    await go(t, privately, "bypass");
    assert.deepEqual((await now())[privateZone], []);

    const cname = { cname: "cache-0.trafficmanager.net" };
    const { aRecords: _, ...inputs } = asAddress.find((it) => it.type === type)?.inputs ?? {};
    const byName = {
      ...deployed,
      resources: asAddress.map((it) =>
        it.type === type
          ? {
              ...it,
              id: `${azureZone}/CNAME/cache.germanywestcentral`,
              inputs: { ...inputs, cnameRecord: cname },
            }
          : it,
      ),
    };
    const zone = await zones(t, { [azureZone]: [] });
    await go(t, byName, "unbypass");
    const [restored] = (await zone())[azureZone] ?? [];
    const properties = { TTL: 300, CNAMERecord: cname };
    const name = "cache.germanywestcentral";
    assert.deepEqual(restored, { name, type: "Microsoft.Network/dnszones/CNAME", properties });
  });

  describe("in an existing cluster", () => {
    const deployed = region("kubernetes", "volumes");
    const hostname = "volumes.example.com";

    const kubectl = (t: TestContext) =>
      programs(t, {
        kubectl: `
case "$*" in
  *" get service registry-cache "*) cat "$0.annotation" 2>/dev/null ;;
  *" annotate service registry-cache --overwrite external-dns.alpha.kubernetes.io/controller=none") printf none >"$0.annotation" ;;
  *" annotate service registry-cache external-dns.alpha.kubernetes.io/controller-") rm "$0.annotation" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
exit 0`,
      });

    /** A zone `example.com`. Its server has or lacks the name in each query; the last answer repeats. Without answers, the server is silent. */
    function zoneWith(t: TestContext, ...looks: readonly boolean[]): void {
      const left = [...looks];
      const refuse = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
      const mock = (kind: "resolveNs" | "resolve4" | "resolve6" | "resolveCname", answer: unknown) =>
        t.mock.method(Resolver.prototype, kind, answer as Resolver["resolveNs"]);
      mock("resolveNs", (zone: string) =>
        zone === "example.com" ? Promise.resolve(["ns.example.net"]) : refuse("ENODATA"),
      );
      mock("resolve6", () => refuse("ENODATA"));
      // An alias has an answer without an address.
      mock("resolve4", (name: string) => Promise.resolve(name === "ns.example.net" ? ["192.0.2.53"] : []));
      mock("resolveCname", function (this: Resolver) {
        assert.deepEqual(this.getServers(), ["192.0.2.53"]);
        const [there] = left.length > 1 ? left.splice(0, 1) : left;
        if (there === undefined) return refuse("ETIMEOUT");
        return there ? Promise.resolve(["balancer.example.net"]) : refuse("ENOTFOUND");
      });
      t.mock.method(console, "error", () => {});
    }

    test("tells external-dns, and waits until the zone's own servers lack the record", async (t) => {
      const made = await kubectl(t);
      zoneWith(t, true, true, true, false);
      const text = await go(t, deployed, "bypass");
      assert.match(
        text,
        /to remove.*✓ external-dns is told\n✓ the name servers of example\.com no longer have a record of volumes\.example\.com\nClients/s,
      );
      assert.doesNotMatch(text, /✓ removed/);
      assert.match(
        await go(t, deployed, "bypass"),
        /external-dns is told already.*✓ the name servers of example\.com have no record/s,
      );
      assert.match(await go(t, deployed, "unbypass"), /✓ external-dns is told\n/);
      assert.match(await go(t, deployed, "unbypass"), /external-dns is told already.*Nothing is left to do/s);
      for (const call of await made.calls()) {
        assert.deepEqual(call.slice(1, 5), ["--context", "test", "--namespace", "cache-volumes"]);
      }
    });

    test("fails if the record stays, even when it is repeated", async (t) => {
      await kubectl(t);
      zoneWith(t, true);
      for (const _ of ["bypass", "again"])
        await assert.rejects(
          go(t, deployed, "bypass"),
          /still have it.*RegistryCacheDown\.md#take-the-cache/s,
        );
    });

    for (const [what, looks, why] of [
      ["that can't be reached", [], /can't be reached from here/],
      ["of another zone", [false], /had none before, so it is in another zone/],
    ] as const)
      test(`can't tell that the record is removed by name servers ${what}`, async (t) => {
        await kubectl(t);
        zoneWith(t, ...looks);
        const text = await go(t, deployed, "bypass");
        assert.match(text, /✓ external-dns is told\nNot known yet whether the record is away: /);
        assert.match(text, why);
      });

    test("names a record that the state lacks, without guessing the cause", async () => {
      const by = changed(deployed, "kubernetes:core/v1:Service", { metadata: { annotations: {} } });
      await assert.rejects(waysOf(by), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`no DNS record of volumes\\. Look for ${hostname} in its zone`),
        );
        assert.doesNotMatch(error.message, /externalDns|endpoint\.zone/);
        return true;
      });
    });
  });

  test("change nothing without a terminal and without --yes", async (t) => {
    const own = a("cache.eu-west-1.example.com", "198.51.100.1");
    const now = await zones(t, { [zone]: [own] });
    const { isTTY } = process.stdin;
    process.stdin.isTTY = false;
    t.after(() => Object.assign(process.stdin, { isTTY }));
    const ways = await waysOf(region("aws-vm", "eu-west-1"));
    await assert.rejects(
      printed(t, () => turn(ways, { direction: "bypass", yes: false })),
      /nothing was changed: without a terminal, add --yes/,
    );
    assert.deepEqual((await now())[zone], [own]);
  });

  for (const [key, byte] of [
    ["Ctrl+C", "\u0003"],
    ["Ctrl+D", "\u0004"],
  ] as const)
    test(`change nothing after ${key} at the question`, async (t) => {
      const own = a("cache.eu-west-1.example.com", "198.51.100.1");
      const now = await zones(t, { [zone]: [own] });
      const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
      const { isTTY } = process.stdout;
      t.mock.getter(process, "stdin", () => input);
      process.stdout.isTTY = true;
      t.after(() => Object.assign(process.stdout, { isTTY }));
      const ways = await waysOf(region("aws-vm", "eu-west-1"));
      input.write(byte);
      await assert.rejects(
        printed(t, () => turn(ways, { direction: "bypass", yes: false })),
        { name: "StepError", message: "nothing was changed" },
      );
      assert.deepEqual((await now())[zone], [own]);
    });
});
