/** What createCaches() refuses of other programs' arguments before it creates anything. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
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
  upstreams: [
    { name: "team", registry: "registry.example.com", repositories: ["team/**"], credentials: "login" },
  ],
};
const login = { username: "reader", password: "hunter2" };

/** @returns the resources that the program registers, and its problems in order */
function run(secret: unknown, options?: CachesOptions) {
  return runWith(() => readConfig(configuration, () => secret as never), options);
}

async function runWith(config: () => LoadedConfig, options?: CachesOptions) {
  let problems: readonly string[] = [];
  const resources = await registeredBy(async () => {
    try {
      await createCaches(config(), options);
    } catch (error) {
      assert.ok(pulumi.RunError.isInstance(error) && "problems" in error, String(error));
      problems = (error.problems as { path: string; message: string }[]).map(
        ({ path, message }) => `${path}: ${message}`,
      );
    }
  });
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

test("refuses unknown options", async () => {
  const { problems, resources } = await run(login, { protect: true, providers: {} } as CachesOptions);
  assert.deepEqual(problems, ["options.providers: createCaches() takes parent, dependsOn, protect only"]);
  assert.deepEqual(ofRegions(resources), []);
});

test("refuses a configuration that isn't from readConfig()", async () => {
  for (const config of [configuration, undefined, Promise.resolve({})]) {
    const { problems, resources } = await runWith(() => config as never);
    assert.deepEqual(problems, ["config: createCaches() takes what readConfig() returns"]);
    assert.deepEqual(ofRegions(resources), []);
  }
});
