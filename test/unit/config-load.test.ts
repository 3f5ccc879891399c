import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig, readConfig } from "../../components/config/load.ts";

const upstreams = [
  {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    repositories: ["giantswarm/**"],
    credentials: "gsoci-credentials",
  },
];
const credentials = { username: "reader", password: "hunter2" };

/** Hands values to the program in the form in which the engine does: text as it is, all else as JSON. */
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

test("the stack comes with its credentials as secret outputs", async () => {
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

test("a key of nearly this namespace is named, as nothing reads it", (t) => {
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

test("problems come as one RunError", () => {
  setConfig({ ...stack, regions: [{ name: "A" }], regons: [] }, []);
  assert.throws(loadConfig, (error) => {
    assert.ok(pulumi.RunError.isInstance(error));
    assert.match(error.message, /^The stack configuration has 3 problems:\n {2}regions\[0\]\.name: /);
    assert.match(error.message, /registry-cache:regons: unknown key; did you mean "regions"\?/);
    assert.match(error.message, /upstreams\[0\]\.credentials: names the key/);
    assert.match(
      error.message,
      /\nMore may follow: regions, sizes and limits are checked after these are corrected\.$/,
    );
    return true;
  });
});

test("no error repeats a secret, whatever is wrong with it", () => {
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
      assert.match(error.message, /registry-cache:gsoci-credentials/);
      assert.doesNotMatch(error.message, /hunter2|12345/);
      return true;
    });
  }
});

test("credentials that aren't secret are refused", () => {
  setConfig({ ...stack, "gsoci-credentials": credentials }, []);
  assert.throws(loadConfig, /registry-cache:gsoci-credentials\.password: is not encrypted/);
});

test("a program's own values are read like a stack's, with its secrets", async () => {
  const password = pulumi.output("hunter2");
  const forms = [credentials, { username: "reader", password }, pulumi.output(credentials)];
  for (const form of forms) {
    const { secrets } = readConfig({ ...stack, provider: "local" }, { "gsoci-credentials": form });
    const output = secrets.credentials["gsoci-credentials"];
    assert.ok(output && (await pulumi.isSecret(output)));
    assert.deepEqual(await new Promise((resolve) => output.apply(resolve)), credentials);
  }
});

test("a program's secrets that can't be credentials are refused, and none takes the place of a key", () => {
  const read = (secrets: object) => () => readConfig({ ...stack, provider: "local" }, secrets as never);
  for (const secret of ["HUSH", { token: "HUSH" }, { username: "HUSH" }, { username: "a", password: 7 }]) {
    assert.throws(read({ "gsoci-credentials": secret }), ({ message }: Error) => {
      assert.match(message, /registry-cache:gsoci-credentials/);
      assert.doesNotMatch(message, /HUSH/);
      return true;
    });
  }
  assert.throws(read({}), /doesn't have: hand readConfig\(\) the secret \{ "gsoci-credentials": /);
  assert.doesNotThrow(read({ "gsoci-credentials": credentials, upstreams: credentials }));
});
