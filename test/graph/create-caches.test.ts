/** What createCaches() refuses of other programs' arguments before it creates anything. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { podPortCount } from "../../components/config/ports.ts";
import {
  type CachesOptions,
  createCaches,
  type LoadedConfig,
  readConfig,
  type StackInput,
} from "../../components/index.ts";
import { fakePodman } from "../support/fake-podman.ts";
import { type RegisteredResource, registeredBy } from "../support/graph.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { scope, tempDir } from "../support/scope.ts";

const resources = scope({ after });
/** podman works, and there is no Pod. */
resources.use(await fakePodman("echo '[]'"));

const team = { name: "team", registry: "registry.example.com", repositories: ["team/**"] };
const configuration: StackInput = {
  provider: "local",
  regions: [
    {
      name: "laptop",
      dataDir: resources.use(await tempDir()).path,
      storage: { kind: "disk", size: "1GiB" },
      endpoint: { port: await freePort() },
      internalPort: await freePorts(podPortCount(1)),
    },
  ],
  upstreams: [{ ...team, credentials: "login" }],
};
const inAws: StackInput = {
  version: 2,
  provider: "aws",
  regions: [
    {
      name: "eu-central-1",
      topology: "vm",
      storage: { kind: "disk", size: "auto" },
      endpoint: { hostname: "cache.example.com", zone: "example.com", tls: { mode: "private" } },
      access: { clients: ["203.0.113.0/24"] },
    },
  ],
  upstreams: [team],
};
/** The look-up finds no context. */
const inCluster: StackInput = {
  version: 2,
  provider: "kubernetes",
  regions: [
    {
      name: "lab",
      context: "lab",
      kubeconfig: "/dev/null",
      endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
      access: { clients: ["10.0.0.0/8"] },
      storage: { kind: "disk", size: "20GiB" },
    },
  ],
  upstreams: [team],
};
const login = { username: "reader", password: "hunter2" };

/** @returns the resources that the program registers, and its problems in order */
function run(secret: unknown, options?: CachesOptions) {
  return runWith(() => readConfig(configuration, () => secret as never), options);
}

function runWith(config: () => LoadedConfig, options?: CachesOptions) {
  return runProgram(() => createCaches(config(), options));
}

async function runProgram(program: () => Promise<unknown>) {
  let problems: readonly string[] = [];
  const resources = await registeredBy(
    async () => {
      try {
        await program();
      } catch (error) {
        assert.ok(pulumi.RunError.isInstance(error) && "problems" in error, String(error));
        problems = (error.problems as { path: string; message: string }[]).map(
          ({ path, message }) => `${path}: ${message}`,
        );
      }
    },
    undefined,
    (token) => {
      assert.equal(token, "pulumi:pulumi:readStackResourceOutputs");
      return { outputs: {} };
    },
  );
  return { problems, resources };
}

const ofRegions = (resources: readonly RegisteredResource[]) =>
  resources.filter(({ type }) => type === "registry-cache:index:RegionalCache").map(({ name }) => name);

test("accepts secrets as outputs, as a whole or in part", async () => {
  for (const secret of [pulumi.secret(login), { ...login, password: pulumi.secret("hunter2") }]) {
    const { problems, resources } = await run(secret);
    assert.deepEqual(problems, []);
    assert.deepEqual(ofRegions(resources), ["laptop"]);
  }
});

test("refuses outputs that can't be credentials", async () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [pulumi.secret("HUSH"), "login: must be a secret mapping of `username` and `password`"],
    [pulumi.secret({ token: "HUSH" }), "login.token: unknown key; known here: username, password, secure"],
    [Promise.resolve({ username: "reader", password: "" }), "login.password: must be text that isn't empty"],
    [{ ...login, password: pulumi.secret("") }, "login.password: must be text that isn't empty"],
  ];
  for (const [secret, expected] of wrong) {
    const { problems, resources } = await run(secret);
    assert.ok(problems.includes(expected), JSON.stringify(problems));
    assert.ok(!JSON.stringify(problems).includes("HUSH"));
    assert.deepEqual(ofRegions(resources), []);
  }
});

test("refuses unknown options, and wrong values", async () => {
  const { problems, resources } = await run(login, { protect: true, providers: {} } as CachesOptions);
  const message = "createCaches() takes parent, aliases, dependsOn only";
  assert.deepEqual(problems, [
    "options.protect: leave it out: the disks of machines are always protected, and updates must replace other resources",
    `options.providers: ${message}`,
  ]);
  assert.deepEqual(ofRegions(resources), []);
  assert.deepEqual((await run(login, null as never)).problems, [`options: ${message}`]);
  const ofOne = await run(login, { aliases: [{ name: "old" }] });
  assert.match(ofOne.problems.join(), /^options\.aliases: must be a list of `\{ parent \}`, [^,]*$/);
  const { problems: ofText } = await run(login, { parent: "platform" as never });
  assert.deepEqual(ofText, ["options.parent: must be a resource: pass the component itself"]);
});

test("gives aliases to the region and its provider, so that another parent keeps their resources", async () => {
  const options = { aliases: [{ parent: pulumi.rootStackResource }] };
  const all = [await run(login, options), await runWith(() => readConfig(inCluster), options)];
  const aliased = all.flatMap(({ resources }) => resources.filter(({ aliases }) => aliases.length > 0));
  assert.deepEqual(
    aliased.map(({ type, name, aliases }) => [type, name, ...aliases]),
    [
      ["registry-cache:index:RegionalCache", "laptop", "without a parent"],
      ["pulumi:providers:kubernetes", "lab", "without a parent"],
    ],
  );
});

test("refuses a region that another call makes, and one that two calls make at the same time", async () => {
  const make = () => createCaches(readConfig(configuration, () => login));
  const expected = ["regions[0].name: another call of createCaches() in this run has a region of this name"];
  const programs = [
    async () => {
      await make();
      await make();
    },
    () => Promise.all([make(), make()]),
  ];
  for (const program of programs) {
    const { problems, resources } = await runProgram(program);
    assert.deepEqual(problems, expected);
    assert.deepEqual(ofRegions(resources), ["laptop"]);
  }
});

test("accepts a region whose first call was refused", async () => {
  const { problems, resources } = await runProgram(async () => {
    await assert.rejects(createCaches(readConfig(configuration, () => pulumi.secret("HUSH") as never)));
    await createCaches(readConfig(configuration, () => login));
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(ofRegions(resources), ["laptop"]);
});

test("refuses a parent and configuration keys with which other resources go to another account", async (t) => {
  t.after(() => pulumi.runtime.setAllConfig({}));
  pulumi.runtime.setAllConfig({ "aws:profile": "prod", "aws:region": "eu-central-1" });
  const { problems, resources } = await runProgram(async () => {
    const provider = new Provider("prod", {
      assumeRoles: [{ roleArn: "arn:aws:iam::111122223333:role/prod" }],
    });
    const parent = new pulumi.ComponentResource(
      "acme:index:Platform",
      "platform",
      {},
      { providers: [provider] },
    );
    await createCaches(readConfig(inAws), { parent });
  });
  assert.deepEqual(
    problems.map((problem) => problem.split(": ", 2).join(": ")),
    [
      "aws:profile: doesn't apply to the caches",
      "options.parent: its provider of aws doesn't apply to the caches",
    ],
  );
  assert.deepEqual(ofRegions(resources), []);
});

test("refuses a configuration that isn't from readConfig()", async () => {
  for (const config of [configuration, undefined, null, Promise.resolve({})]) {
    const { problems, resources } = await runWith(() => config as never);
    assert.deepEqual(problems, ["config: createCaches() takes what readConfig() returns"]);
    assert.deepEqual(ofRegions(resources), []);
  }
});
