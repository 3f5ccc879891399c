import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { readStackFile } from "../../components/config/stack-file.ts";

test("replaces the project's value of a key as a whole", () => {
  const project = `
name: registry-cache
config:
  registry-cache:upstreams: [{ name: a }]
  registry-cache:workload: { value: { nodes: 10, workingSetGiB: 5 } }
  monitoring: { default: { labels: { team: x } } }
  budget: { type: string, description: no value }
  aws:region: eu-central-1
`;
  const stack = `
config:
  registry-cache:provider: local
  registry-cache:config:workload: { nodes: 3 }
  regions: []
  kubernetes:context: x
encryptionsalt: v1:x
`;
  assert.deepEqual(readStackFile(project, stack), {
    provider: "local",
    upstreams: [{ name: "a" }],
    workload: { nodes: 3 },
    monitoring: { labels: { team: "x" } },
    regions: [],
  });
});

test("a mapping in Pulumi.yaml without `value:` is refused, as Pulumi refuses it", () => {
  for (const value of [
    "{ images: [a] }",
    "{ default: 1, images: [a] }",
    "{ type: string, items: 1, more: 2 }",
  ]) {
    assert.throws(() => readStackFile(`config:\n  registry-cache:prefetch: ${value}`, "config: { a: 1 }"), {
      name: "ConfigError",
      message: / {2}Pulumi\.yaml: config\.registry-cache:prefetch: .*`value:`/,
    });
  }
});

test("keeps secrets encrypted", () => {
  const stack = "config: { registry-cache:login: { username: u, password: { secure: v1:abc } } }";
  assert.deepEqual(readStackFile("", stack), { login: { username: "u", password: { secure: "v1:abc" } } });
});

test("resolves anchors and merge keys, in the project and in the stack", () => {
  const project = `
config:
  registry-cache:upstreams:
    - &team { name: a, registry: a.example.com, repositories: ["team/**"] }
    - { <<: *team, name: b, registry: b.example.com }
`;
  const stack = `
config:
  registry-cache:regions:
    - &region
      name: eu-central-1
      topology: vm
      storage: &disk { kind: disk, size: 100GiB }
    - <<: *region
      name: eu-west-1
      storage: { <<: [*disk], size: 200GiB }
`;
  assert.deepEqual(readStackFile(project, stack), {
    upstreams: [
      { name: "a", registry: "a.example.com", repositories: ["team/**"] },
      { name: "b", registry: "b.example.com", repositories: ["team/**"] },
    ],
    regions: [
      { name: "eu-central-1", topology: "vm", storage: { kind: "disk", size: "100GiB" } },
      { name: "eu-west-1", topology: "vm", storage: { kind: "disk", size: "200GiB" } },
    ],
  });
});

test("reads numbers as Pulumi does", () => {
  const stack = `
config:
  registry-cache:workload: { nodes: 1_000, peakNodes: 010, peakMinutes: 0o10, workingSetGiB: 1_000.5, growthGiBPerMonth: -1_0, hex: 0x1F, decimal: 089 }
  registry-cache:name: [_1, 1_a, "1_000", 1.5.0, v1_0]
`;
  assert.deepEqual(readStackFile("", stack), {
    workload: {
      nodes: 1000,
      peakNodes: 8,
      peakMinutes: 8,
      workingSetGiB: 1000.5,
      growthGiBPerMonth: -10,
      hex: 31,
      decimal: 89,
    },
    name: ["_1", "1_a", "1_000", "1.5.0", "v1_0"],
  });
});

test("reports a stack file without keys below `config` as such, instead of each missing key", () => {
  const provider = "registry-cache:provider: local";
  for (const stack of ["", "config:", `config:\n${provider}`, `config:\n  - ${provider}`, provider]) {
    assert.throws(() => readStackFile("", stack), { name: "ConfigError", message: / {2}config: is missing/ });
  }
});

test("reports a file that isn't YAML with the position", () => {
  assert.throws(() => readStackFile("", "config: ["), {
    name: "ConfigError",
    message: /stack file: .*line 1/s,
  });
  assert.throws(() => readStackFile("a: 1\na: 2", "config: {}"), {
    name: "ConfigError",
    message: /Pulumi\.yaml: .*unique/s,
  });
});

test("Pulumi.yaml disables the default provider of every package that creates something in an account or a cluster", () => {
  const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const packages = Object.keys(JSON.parse(read("package.json")).dependencies)
    .filter((name) => name.startsWith("@pulumi/"))
    .map((name) => name.slice("@pulumi/".length));
  // The SDK itself, and random values, which exist only in the state.
  const harmless = ["pulumi", "random"];
  assert.deepEqual(
    parse(read("Pulumi.yaml")).config["pulumi:disable-default-providers"].value,
    packages.filter((name) => !harmless.includes(name)),
  );
});
