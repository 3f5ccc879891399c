/** Every alert has its runbook, and what the runbooks name exists. runbook-commands.test.ts pastes their commands. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { alertNames } from "../../components/config/alerts.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { containers } from "../support/on-call-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { local } from "../support/raw-stacks.ts";
import { commandsOf, runbooksDirectory } from "../support/runbooks.ts";

const read = (...path: string[]) => readFileSync(join(projectDirectory, ...path), "utf8");
const runbooks = alertNames.map((name) => ({ name, text: read("docs", "runbooks", `${name}.md`) }));
const all = globSync(join(runbooksDirectory, "*.md")).map((file) => ({
  name: basename(file, ".md"),
  text: readFileSync(file, "utf8"),
}));
const text = all.map((runbook) => runbook.text).join("\n");

/** All that a pattern's first group matches, once. */
function named(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))];
}

/** What is rendered for all machines of the golden tests, of the files with this name. */
function golden(name: string): string {
  const files = globSync(`test/golden/**/${name}`, { cwd: projectDirectory });
  return files.map((file) => read(file)).join("\n");
}

test("there is a runbook for each alert, and no other", () => {
  assert.deepEqual(all.map(({ name }) => name).sort(), [...alertNames, "README"].sort());
});

describe("a runbook", () => {
  for (const { name, text } of runbooks) {
    test(`${name} says what it means, how to see it, what to do`, () => {
      const [title, ...headings] = text.match(/^#+ .*$/gm) ?? [];
      assert.equal(title, `# ${name}`);
      assert.deepEqual(headings, ["## Meaning", "## See it", "## Do"]);
      for (const section of text.split(/^## .*$/m).slice(1)) assert.ok(section.trim().length > 80, section);
      assert.notEqual(commandsOf(name).length, 0);
    });
  }
});

test("the configuration takes the overrides that a runbook names", () => {
  const overrides = [...text.matchAll(/`monitoring\.alerts\.(overrides: \{.*?\} \})`/g)];
  assert.ok(overrides.length > 0);
  for (const [, yaml = ""] of overrides) {
    const { alerts } = parseConfig({ ...local, monitoring: { alerts: parse(yaml) } }).monitoring;
    assert.deepEqual(alerts.overrides, parse(yaml).overrides);
  }
});

test("whoever finds a dead machine is sent to the DNS record", () => {
  for (const { name, text } of runbooks) {
    if (!/TargetMissing|Watchdog/.test(name)) continue;
    assert.match(
      text,
      /drop packets: go to step 1 of \[RegistryCacheDown\]\(RegistryCacheDown\.md#do\)/,
      name,
    );
  }
});

test("links lead somewhere", () => {
  for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
    assert.ok(existsSync(join(runbooksDirectory, target)), target);
  }
});

test("containers exist", () => {
  const parts = [...named(/`(?:logs|restart) ([a-z]+)/g), ...containers];
  assert.ok(parts.length > containers.length);
  for (const part of parts) {
    assert.match(golden("pod.yaml"), new RegExp(`^ +- name: ${part}(-gsoci)?$`, "m"));
  }
});

test("jobs are scraped", () => {
  const jobs = named(/`(registry-cache-(?:edge|origin|upstream|endpoint|janitor|acme|node|prometheus))`/g);
  assert.ok(jobs.length > 5);
  for (const job of jobs) assert.match(golden("prometheus.yml"), new RegExp(`job_name: ${job}$`, "m"));
});

test("units of the machine exist", () => {
  const units = globSync("test/golden/**/*.{service,timer,kube}", { cwd: projectDirectory }).map((file) =>
    basename(file).replace(/\.\w+$/, ""),
  );
  // Of the package that the user data names.
  units.push("prometheus-node-exporter");
  const commands = [...text.matchAll(/(?:systemctl \w+|journalctl -u) ((?:[a-z][a-z-]+ ?)+)/g)];
  assert.ok(commands.length > 5);
  for (const [command, names = ""] of commands) {
    for (const name of names.trim().split(" ")) {
      if (name.includes("-")) assert.ok(units.includes(name), command);
    }
  }
});

test("metrics are documented", () => {
  const documented = read("docs", "metrics.md");
  const metrics = named(
    /((?:\w+:)?(?:registry|probe|node|prometheus|process)_(?!exporter)[a-z_]+(?::\w+)?)/g,
  );
  assert.ok(metrics.length > 20);
  for (const metric of metrics) {
    const name = metric.replace(/_(?:bucket|sum|count)$/, "");
    assert.ok(documented.includes(`\`${name}`), metric);
  }
});

test("keys of the configuration exist", () => {
  const documented = read("docs", "configuration.md");
  const keys = named(/`((?:monitoring|storage|workload|access|endpoint|machine|tls)\.[a-zA-Z.]+)`/g);
  assert.ok(keys.length > 5);
  for (const key of keys) assert.match(documented, new RegExp(`\`(\\w+(\\[\\])?\\.)*${key}\``), key);
});
