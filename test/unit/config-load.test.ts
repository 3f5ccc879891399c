import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig, readConfig } from "../../components/config/load.ts";
import type { ConfigError } from "../../components/config/problems.ts";

const upstreams = [
  {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    repositories: ["giantswarm/**"],
    credentials: "gsoci-credentials",
  },
];
const credentials = { username: "reader", password: "hunter2" };

/** Passes values to the program in the engine's form: text unchanged, and everything else as JSON. */
function setConfig(values: Record<string, unknown>, secretKeys: readonly string[]): void {
  const entries = Object.entries(values).map(([key, value]) => [
    `registry-cache:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig(
    { ...Object.fromEntries(entries), "aws:region": "eu-central-1" },
    secretKeys.map((key) => `registry-cache:${key}`),
  );
}

const stack = { provider: "local", regions: [{ name: "local" }], upstreams };

test("loads the stack with its credentials as secret outputs", async () => {
  setConfig({ ...stack, "gsoci-credentials": credentials }, ["gsoci-credentials"]);
  const loaded = loadConfig();
  assert.equal(loaded.stack.provider, "local");
  assert.equal(loaded.stack.upstreams[0]?.credentials, "gsoci-credentials");
  const { credentials: outputs } = loaded.secrets;
  assert.deepEqual(Object.keys(outputs), ["gsoci-credentials"]);
  const output = outputs["gsoci-credentials"];
  assert.ok(output && (await pulumi.isSecret(output)));
  assert.deepEqual(await new Promise((resolve) => output.apply(resolve)), credentials);
});

test("warns of a key in a similar namespace, because nothing reads it", (t) => {
  const log = t.mock.method(pulumi.log, "warn", async () => {});
  pulumi.runtime.setAllConfig({
    "registry_cache:budget": "{}",
    "registry-cache:provider": "local",
    "registry-mirror:url": "x",
    "aws:region": "eu-central-1",
  });
  assert.throws(loadConfig, /regions: is missing/);
  assert.deepEqual(
    log.mock.calls.map(({ arguments: [message] }) => message),
    ["registry_cache:budget: nothing reads this key: did you mean `registry-cache:budget`?"],
  );
});

test("reports problems as one RunError", () => {
  setConfig({ ...stack, regions: [{ name: "A" }], regons: [] }, []);
  assert.throws(loadConfig, (error) => {
    assert.ok(pulumi.RunError.isInstance(error));
    assert.match(error.message, /^The stack configuration has 3 problems:\n {2}regions\[0\]\.name: /);
    assert.match(error.message, /^ {2}regons: unknown key; did you mean "regions"\?/m);
    assert.match(error.message, /upstreams\[0\]\.credentials: names the key "gsoci-credentials"/);
    assert.deepEqual(
      (error as unknown as ConfigError).problems.map(({ path }) => path),
      ["regions[0].name", "upstreams[0].credentials", "regons"],
    );
    assert.match(
      error.message,
      /\nMore may follow: other keys, regions, sizes and limits are checked after these are corrected\.$/,
    );
    return true;
  });
});

test("repeats no secret in an error, whatever is wrong with it", () => {
  const wrong = [
    { username: "reader", pasword: "hunter2" },
    { password: ["hunter2"] },
    "hunter2",
    12345,
    ["hunter2"],
  ];
  for (const value of wrong) {
    setConfig({ ...stack, "gsoci-credentials": value }, ["gsoci-credentials"]);
    assert.throws(loadConfig, (error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, /^ {2}gsoci-credentials/m);
      assert.doesNotMatch(error.message, /hunter2|12345/);
      return true;
    });
  }
});

test("refuses credentials that aren't secret", () => {
  setConfig({ ...stack, "gsoci-credentials": credentials }, []);
  assert.throws(loadConfig, / gsoci-credentials\.password: is not encrypted/);
});

const named = { ...stack, provider: "local" as const };

test("reads a program's own values like a stack's, with its secrets", async () => {
  const password = pulumi.output("hunter2");
  const forms = [credentials, { username: "reader", password }, pulumi.output(credentials)];
  for (const form of forms) {
    const { secrets } = readConfig(named, () => form);
    const output = secrets.credentials["gsoci-credentials"];
    assert.ok(output && (await pulumi.isSecret(output)));
    assert.deepEqual(await new Promise((resolve) => output.apply(resolve)), credentials);
  }
});

test("asks a program for each secret that its configuration names, and for nothing else", () => {
  const remoteWrite = { url: "https://metrics.example.com/push", credentials: "metrics" };
  const endpoint = { hostname: "cache.example.com", tls: { mode: "private" as const } };
  const s3 = {
    endpoint: "https://s3.example.com",
    bucket: "blobs",
    region: "eu-central-1",
    credentials: "bucket",
  };
  const asked: string[] = [];
  const config = readConfig(
    {
      provider: "kubernetes",
      regions: [
        {
          name: "lab",
          context: "lab",
          endpoint,
          access: { clients: ["10.0.0.0/8"] },
          storage: { kind: "bucket", s3 },
        },
      ],
      upstreams,
      monitoring: { remoteWrite },
    },
    (key) => {
      asked.push(key);
      return key === "metrics" ? { token: pulumi.secret("t0ken") } : credentials;
    },
  );
  assert.deepEqual(asked.sort(), ["bucket", "gsoci-credentials", "metrics"]);
  assert.ok(config.secrets.remoteWriteCredentials);
  const ofStack = (key: string) =>
    new pulumi.Config("elsewhere").requireSecretObject<typeof credentials>(key);
  pulumi.runtime.setAllConfig({ "elsewhere:gsoci-credentials": JSON.stringify(credentials) });
  assert.deepEqual(Object.keys(readConfig(named, ofStack).secrets.credentials), ["gsoci-credentials"]);
});

test("refuses a program's secrets that can't be credentials, or that have the name of a key", () => {
  const read = (secret: unknown) => () => readConfig(named, () => secret as never);
  const wrong = [
    ["HUSH", /: must be a secret mapping/],
    [{ token: "HUSH" }, /token: unknown key/],
    [{ username: "HUSH" }, /password: is missing/],
    [{ user: "reader", password: "HUSH" }, /username: is missing/],
    [
      { user: "HUSH", password: "" },
      /username: is missing\n.*password: must be text that isn't empty\n.*user: unknown key/,
    ],
    [{ username: "", password: "HUSH" }, /username: must be text that isn't empty/],
    [{ username: "a", password: 7 }, /password: must be text that isn't empty/],
    [{ username: "a", password: "" }, /password: must be text that isn't empty/],
    [{ username: "a", password: undefined }, /password: must be text that isn't empty/],
  ] as const;
  for (const [secret, reason] of wrong) {
    assert.throws(read(secret), ({ message }: Error) => {
      assert.match(message, /^ {2}gsoci-credentials/m);
      assert.match(message, reason);
      assert.doesNotMatch(message, /HUSH|config set/);
      return true;
    });
  }
  assert.throws(read(undefined), /names the key "gsoci-credentials", .*: hand readConfig\(\) the secret/);
  const own = { ...named, "gsoci-credentials": { username: "a", password: "HUSH" } };
  assert.throws(
    () => readConfig(own),
    /names the key "gsoci-credentials", .*: hand readConfig\(\) the secret/,
  );
  const taken = { ...named, upstreams: [{ ...upstreams[0], credentials: "upstreams" }] };
  assert.throws(() => readConfig(taken as never, () => credentials), /is a key of the configuration itself/);
});

test("refuses a program's configuration of any wrong shape without a stack trace", () => {
  for (const configuration of [
    undefined,
    null,
    "text",
    [],
    { ...named, upstreams: { name: "team" } },
    { ...named, upstreams: [null] },
  ]) {
    assert.throws(
      () => readConfig(configuration as never),
      (error) => pulumi.RunError.isInstance(error) && "problems" in error,
      JSON.stringify(configuration),
    );
  }
});

test("refuses a mapping of secrets instead of a function, and a configuration that contains itself", () => {
  const shared = { labels: { team: "a" } };
  const cyclic = { ...named, workload: shared, monitoring: shared, images: {} };
  cyclic.images = { edge: [cyclic] };
  assert.throws(
    () => readConfig(cyclic as never, { "gsoci-credentials": credentials } as never),
    ({ problems }: ConfigError) => {
      assert.deepEqual(problems, [
        { path: "secretOf", message: "readConfig() takes a function, (key) => secret" },
        { path: "images.edge[0]", message: "contains itself" },
      ]);
      return true;
    },
  );
});

test("leaves what a program knows only later out of its configuration", () => {
  const later = pulumi.output({ id: "vpc-1" });
  const configuration = { ...named, regions: [{ name: later.id }, Promise.resolve({ name: "a" })] };
  const reason =
    "is an output, a promise or a resource of the program, but must be known before anything is made";
  const read = (value: unknown) => () => readConfig(value as never, () => credentials);
  assert.throws(read(configuration), ({ message }: Error) => {
    assert.ok(message.includes(`  regions[0].name: ${reason}`), message);
    assert.ok(message.includes(`  regions[1]: ${reason}`), message);
    return true;
  });
  assert.throws(read(pulumi.output(named)), new RegExp(`  configuration: ${reason}`));
});
