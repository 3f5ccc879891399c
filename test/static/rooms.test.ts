/** The rules in .dependency-cruiser.mjs find violations. A static check tests that the project complies with them. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { cruise } from "dependency-cruiser";
import rules from "../../.dependency-cruiser.mjs";
import { scope, tempDir } from "../support/scope.ts";

/** The files in every tree: the program, and the top room that it imports. */
const program = {
  "start.js": 'await import("./index.ts");',
  "index.ts": 'import "./components/index.ts";',
  "components/index.ts": 'import "./regional-cache.ts";',
  "components/regional-cache.ts": 'import "./hosts/host.ts";',
};

const cases: readonly { title: string; files: Record<string, string>; violations: readonly string[] }[] = [
  {
    title: "imports from a room above",
    files: {
      "components/hosts/host.ts": 'import "../pod/pod.ts"; import "../config/schema.ts";',
      "components/config/schema.ts": 'import "../pod/pod.ts";',
      "components/pod/pod.ts": "",
    },
    violations: ["not-in-allowed: components/config/schema.ts → components/pod/pod.ts"],
  },
  {
    title: "what the program imports and other programs can't",
    files: {
      "index.ts": 'import "./components/index.ts"; import "./components/hosts/host.ts";',
      "components/hosts/host.ts": "",
    },
    violations: ["not-in-allowed: index.ts → components/hosts/host.ts"],
  },
  {
    title: "imports of types from a room above",
    files: {
      "components/hosts/host.ts": 'import "../monitoring/central.ts";',
      "components/monitoring/central.ts": 'import type { Host } from "../hosts/other-host.ts";',
      "components/hosts/other-host.ts": "export interface Host {}",
    },
    violations: ["not-in-allowed: components/monitoring/central.ts → components/hosts/other-host.ts"],
  },
  {
    title: "rooms that the rules don't know",
    files: {
      "components/hosts/host.ts": 'import "../cellar/barrel.ts";',
      "components/cellar/barrel.ts": "",
    },
    violations: ["not-in-allowed: components/hosts/host.ts → components/cellar/barrel.ts"],
  },
  {
    title: "imports of scripts and tests",
    files: {
      "components/hosts/host.ts": 'import "../../scripts/local.ts"; import "../../test/unit/pod.test.ts";',
      "scripts/local.ts": "",
      "test/unit/pod.test.ts": "",
    },
    violations: [
      "not-in-allowed: components/hosts/host.ts → scripts/local.ts",
      "not-in-allowed: components/hosts/host.ts → test/unit/pod.test.ts",
    ],
  },
  {
    title: "circles of types",
    files: {
      "components/hosts/host.ts": 'import "../pod/options.ts";',
      "components/pod/options.ts":
        'import type { Acme } from "./acme.ts"; export interface Options extends Acme {}',
      "components/pod/acme.ts":
        'import type { Options } from "./options.ts"; export interface Acme { options: Options }',
    },
    violations: ["no-circles: components/pod/acme.ts → components/pod/options.ts"],
  },
  {
    title: "hosts that know another cloud",
    files: {
      "components/hosts/host.ts": 'import "./aws/cluster/cluster.ts"; import "./vm/vm.ts";',
      "components/hosts/aws/cluster/cluster.ts": 'import "../disk.ts"; import "../../azure/disk.ts";',
      "components/hosts/aws/disk.ts": 'import "../podman/podman.ts";',
      "components/hosts/azure/disk.ts": 'import "../example/disk.ts";',
      "components/hosts/example/disk.ts": "",
      "components/hosts/podman/podman.ts": "",
      "components/hosts/vm/vm.ts": 'import "../aws/disk.ts";',
    },
    violations: [
      "clouds-stand-alone: components/hosts/aws/cluster/cluster.ts → components/hosts/azure/disk.ts",
      "clouds-stand-alone: components/hosts/azure/disk.ts → components/hosts/example/disk.ts",
      "clouds-stand-alone: components/hosts/vm/vm.ts → components/hosts/aws/disk.ts",
    ],
  },
  {
    title: "files that only tests need",
    files: {
      "components/hosts/host.ts": "",
      "components/pod/left-over.ts": "",
      "test/unit/left-over.test.ts": 'import "../../components/pod/left-over.ts";',
    },
    violations: ["only-tests-need-it: components/pod/left-over.ts"],
  },
];

describe("the rules on imports find", () => {
  const parts = scope(test);
  for (const { title, files, violations } of cases) {
    test(title, async () => {
      const { path } = parts.use(await tempDir());
      for (const [name, text] of Object.entries({ ...program, ...files })) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), text);
      }
      const { options, ...ruleSet } = rules;
      const { output } = await cruise(["."], { ...options, baseDir: path, ruleSet, validate: true });
      assert.ok(typeof output === "object");
      assert.deepEqual(
        output.summary.violations
          .map(({ from, to, rule }) => `${rule.name}: ${from}${from === to ? "" : ` → ${to}`}`)
          .sort(),
        violations,
      );
    });
  }
});
