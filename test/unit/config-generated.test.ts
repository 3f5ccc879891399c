import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { namesOf } from "../../components/hosts/azure/naming.ts";
import { stackFileSchema } from "../../scripts/docs/json-schema.ts";
import { staleFiles } from "../../scripts/generate.ts";
import { kubernetesCases, kubernetesKeys } from "../support/kubernetes-regions.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const projectYaml = read("Pulumi.yaml");
const stackFiles = globSync("stacks/Pulumi.*.yaml", { cwd: root });

const validate = new Ajv({ formats: { email: true }, allErrors: true }).compile(stackFileSchema());

test("has up-to-date generated files", async () => {
  assert.deepEqual(await staleFiles(), [], "run `npm run generate`");
});

/** The default of a key in docs/configuration.md, for a kind of region. */
function documentedDefault(key: string, kind: string): string {
  const rows = read("docs/configuration.md")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const [, , , , fallback] =
    rows.find(([, path, where]) => path === `\`${key}\`` && where?.includes(kind)) ?? [];
  assert.ok(fallback, `${key} of ${kind}`);
  return fallback;
}

const upstreams = [{ name: "a", registry: "a.io", repositories: ["a"] }];

test("says in the tables what each kind of exposure needs, as the program does", () => {
  const keys = { proxies: ["10.1.0.0/16"], gateway: { name: "edge", namespace: "infra" } };
  const accepts = (expose: { kind: string }) => {
    const tls = expose.kind === "gateway" ? { mode: "gateway" } : { mode: "private" };
    const endpoint = { hostname: "cache.example.com", tls };
    const region = { name: "a", context: "a", endpoint, access: { clients: "public" }, expose };
    try {
      parseConfig({ provider: "kubernetes", upstreams, regions: [region] });
      return true;
    } catch {
      return false;
    }
  };
  for (const kind of ["loadBalancer", "ingress", "gateway"]) {
    const needed = Object.entries(keys).filter(([key]) =>
      documentedDefault(`expose.${key}`, "kubernetes").includes(`\`${kind}\``),
    );
    assert.ok(accepts({ kind, ...Object.fromEntries(needed) }), kind);
    for (const [left] of needed) {
      const others = needed.filter(([key]) => key !== left);
      assert.ok(!accepts({ kind, ...Object.fromEntries(others) }), `${kind} without ${left}`);
    }
  }
});

test("says in the tables when an existing network needs its subnet", () => {
  assert.equal(documentedDefault("network", "aws vm"), "`{ vpc: create }`");
  assert.equal(documentedDefault("network.subnet", "aws vm"), "**required** unless `vpc: create`");
  assert.equal(documentedDefault("network.nodeSubnets", "aws cluster"), "**required** unless `vpc: create`");
});

test("documents the default resource group that the program creates", () => {
  const documented = documentedDefault("resourceGroup", "azure");
  for (const stack of ["azure-<region>", "<stack>"]) {
    const { resourceGroup } = namesOf({ stack, region: "<region>" });
    assert.ok(documented.includes(`\`${resourceGroup}\``), resourceGroup);
  }
});

test("has valid stack files for the editor and for the program", () => {
  assert.ok(stackFiles.includes("stacks/Pulumi.local.yaml"));
  for (const path of stackFiles) {
    const text = read(path);
    assert.match(text, /^# yaml-language-server: \$schema=stack\.schema\.json$/m);
    assert.ok(validate(parse(text)), `${path}: ${JSON.stringify(validate.errors)}`);
    assert.doesNotThrow(() => parseConfig(readStackFile(projectYaml, text)), path);
  }
});

test("has valid examples in the comments of the local stack's file", () => {
  const text = read("stacks/Pulumi.local.yaml")
    .split("\n")
    // Other comments start with a capital letter.
    .map((line) => line.replace(/^( +)# ( *(?:- )?[a-z][\w:-]*:(?: .*)?)$/, "$1$2"))
    .join("\n");
  const secret = { secure: "v1:x" };
  const config = parseConfig({
    ...readStackFile(projectYaml, text),
    "example-credentials": secret,
    "metrics-credentials": secret,
  });
  assert.deepEqual(
    config.upstreams.map(({ name }) => name),
    ["gsoci", "example"],
  );
  assert.equal(config.monitoring.remoteWrite?.credentials, "metrics-credentials");
  assert.deepEqual(config.regions, [
    {
      ...parseConfig(readStackFile(projectYaml, read("stacks/Pulumi.local.yaml"))).regions[0],
      dataDir: "/var/lib/registry-cache",
    },
  ]);
});

test("refuses with the JSON Schema what the program refuses", () => {
  const local = { name: "local" };
  const cases: [reason: string, config: Record<string, unknown>][] = [
    ["misspelt key of a region", { provider: "local", regions: [{ ...local, internalPrt: 1 }] }],
    ["misspelt top-level key", { provider: "local", regions: [local], upstreems: [] }],
    ["unknown provider", { provider: "gcp", regions: [local] }],
    ["no regions", { provider: "local" }],
    ["a bucket on this machine", { provider: "local", regions: [{ ...local, storage: { kind: "bucket" } }] }],
    [
      "a size without unit",
      { provider: "local", regions: [{ ...local, storage: { kind: "disk", size: "20" } }] },
    ],
    ["a port out of range", { provider: "local", regions: [{ ...local, endpoint: { port: 70000 } }] }],
    [
      "an AWS region without access",
      { provider: "aws", regions: [{ name: "eu-central-1", topology: "vm" }] },
    ],
    ["a readable password", { provider: "local", regions: [local], login: { username: "u", password: "p" } }],
  ];
  for (const [reason, config] of cases) {
    const entries = Object.entries(config).map(([key, value]) => [`registry-cache:${key}`, value]);
    assert.equal(validate({ config: Object.fromEntries(entries) }), false, reason);
    assert.throws(() => parseConfig({ upstreams, ...config }), reason);
  }
});

test("accepts with the JSON Schema every key of a region in an existing cluster", () => {
  for (const name of kubernetesCases) {
    const entries = Object.entries(kubernetesKeys(name)).map(([key, value]) => [
      `registry-cache:${key}`,
      value,
    ]);
    assert.ok(
      validate({ config: Object.fromEntries(entries) }),
      `${name}: ${JSON.stringify(validate.errors)}`,
    );
  }
});

test("accepts with the JSON Schema credentials, other namespaces, and what Pulumi adds to a file", () => {
  const config = {
    "registry-cache:provider": "local",
    "registry-cache:regions": [{ name: "local" }],
    "registry-cache:login": { username: "u", password: { secure: "v1:x" } },
    "aws:region": "eu-central-1",
  };
  assert.ok(validate({ config, encryptionsalt: "v1:x" }), JSON.stringify(validate.errors));
});
