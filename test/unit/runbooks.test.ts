/** Every alert has its runbook, what the runbooks name exists, and a test runs each of their commands. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { alertNames } from "../../components/config/alerts.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { ruleGroups } from "../../components/monitoring/rules/rule-groups.ts";
import { containers } from "../support/on-call-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { local } from "../support/raw-stacks.ts";
import { claims, claimsOf } from "../support/runbook-runs.ts";
import { anchorsOf, page, runbook, runbooksDirectory, sections, variablesOf } from "../support/runbooks.ts";

const read = (...path: string[]) => readFileSync(join(projectDirectory, ...path), "utf8");
// Missing runbooks are left to the first test.
const runbooks = alertNames.filter(hasRunbook).map((name) => ({
  name,
  text: read("docs", "runbooks", `${name}.md`),
  ...runbook(name),
}));
const blocks = runbooks.flatMap(({ blocks }) => blocks);
const all = globSync(join(runbooksDirectory, "*.md")).map((file) => ({
  name: basename(file, ".md"),
  text: readFileSync(file, "utf8"),
}));
const text = all.map((runbook) => runbook.text).join("\n");

function hasRunbook(name: string): boolean {
  return existsSync(join(runbooksDirectory, `${name}.md`));
}

/** Everything that a pattern's first group matches, once each. */
function named(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))];
}

/** The rendered files with this name, for all machines of the golden tests. */
function golden(name: string): string {
  const files = globSync(`test/golden/**/${name}`, { cwd: projectDirectory });
  return files.map((file) => read(file)).join("\n");
}

test("has a runbook for each alert, and no other", () => {
  assert.deepEqual(all.map(({ name }) => name).sort(), [...alertNames, "README"].sort());
});

test("links each rule to its runbook", () => {
  const { alerts } = parseConfig(local).monitoring;
  const rules = ruleGroups(alerts).flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
  assert.deepEqual(rules.map(({ alert }) => alert).sort(), [...alertNames].sort());
  for (const { alert, annotations } of rules) {
    assert.equal(annotations.runbook_url, `docs/runbooks/${alert}.md`);
    assert.ok(existsSync(join(projectDirectory, annotations.runbook_url)), alert);
  }
});

describe("a runbook", () => {
  for (const { name, text, headings, blocks } of runbooks) {
    test(`says in ${name} what is at stake, how to look, what to do, and how to verify the end`, () => {
      const top = headings.filter(({ depth }) => depth <= 2).map(({ text }) => text);
      assert.deepEqual(top, [name, ...sections]);
      for (const section of text.split(/^## .*$/m).slice(1)) assert.ok(section.trim().length > 80, section);
      for (const section of ["See", "Verify"]) {
        const places = blocks.filter((it) => it.section === section).flatMap(({ places }) => places);
        // Renewal by ACME runs in a container except where there is cert-manager.
        const expected =
          name === "RegistryCacheRenewalFailing" ? ["vm", "local"] : ["vm", "local", "kubernetes"];
        for (const place of expected)
          assert.ok(
            places.some((it) => it === place),
            `${section} on ${place}`,
          );
      }
    });
  }
});

describe("a block of commands", () => {
  test("names the places where it runs, and no others", () => {
    for (const { language, places, unknown, text } of blocks) {
      assert.equal(language, "sh", text);
      assert.notEqual(places.length, 0, text);
      assert.deepEqual(unknown, [], text);
      assert.equal(new Set(places).size, places.length, text);
    }
  });

  test("starts with the variables that it needs", () => {
    for (const { text } of blocks) {
      const used = new Set([...text.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name = ""]) => name));
      const set = new Set([...text.matchAll(/(?:^|\s)([A-Z_]+)=/g)].map(([, name]) => name));
      for (const name of used) assert.ok(set.has(name), `$${name} isn't set:\n${text}`);
      // The reader changes the values in the first line.
      for (const [, name = ""] of text.matchAll(/^([A-Z_]+)=[^$]/gm)) {
        assert.ok(
          Object.hasOwn(variablesOf({ text }), name),
          `${name} is set after the first line:\n${text}`,
        );
      }
      for (const name of Object.keys(variablesOf({ text }))) assert.ok(used.has(name), `${name}:\n${text}`);
    }
  });

  test("is run by a test for each of its places", () => {
    for (const block of blocks) {
      for (const place of block.places) {
        const files = claimsOf(block, place).map(({ file }) => file);
        assert.notEqual(
          files.length,
          0,
          `${block.runbook}, ${block.section}, nobody runs on ${place}:\n${block.text}`,
        );
      }
    }
  });

  test("is claimed only by tests that record what they run", () => {
    for (const { file } of claims) {
      const source = read(file);
      assert.match(source, /new RunbookRuns\(import\.meta\.filename\)/, file);
      assert.match(source, /\.assertComplete\(alertNames\)/, file);
    }
  });
});

test("has every command of the text in a block, too, where a test runs it", () => {
  const program =
    /^(?:registry-cache|kubectl|podman|systemctl|journalctl|aws|az|cmctl|curl|rm|git|df|find|npm) \S/;
  const run = blocks.map(({ text }) => text).join("\n");
  // Links to another program's pages, or commands of this project without values from the reader.
  const others = ["cmctl renew", "npm run local"];
  const commands = runbooks.flatMap(({ codes }) => codes).filter((code) => program.test(code));
  assert.notEqual(commands.length, 0);
  for (const command of commands) assert.ok(others.includes(command) || run.includes(command), command);
});

test("accepts the overrides that a runbook names in the configuration", () => {
  const overrides = [...text.matchAll(/`monitoring\.alerts\.(overrides: \{.*?\} \})`/g)];
  assert.ok(overrides.length > 0);
  for (const [, yaml = ""] of overrides) {
    const { alerts } = parseConfig({ ...local, monitoring: { alerts: parse(yaml) } }).monitoring;
    assert.deepEqual(alerts.overrides, parse(yaml).overrides);
  }
});

test("links to the removal from DNS where a dead machine is found", () => {
  for (const { name, text } of runbooks) {
    if (!/TargetMissing|Watchdog/.test(name)) continue;
    assert.match(text, /drop packets: go to \[RegistryCacheDown\]\(RegistryCacheDown\.md#see\)/, name);
  }
  const { text, headings } = runbooks.find(({ name }) => name === "RegistryCacheDown") ?? assert.fail();
  const [first] = headings.slice(headings.findIndex(({ text }) => text === "Do") + 1);
  assert.equal(first?.text, "Take the cache out of DNS");
  assert.match(text, /`Connection timed out`.* \| .*\(#take-the-cache-out-of-dns\)/);
});

test("leaves the same records out of a refresh as out of the replacement of a machine", () => {
  const patternsOf = (name: string) =>
    [...(all.find((it) => it.name === name)?.text ?? "").matchAll(/--exclude '([^']+)'/g)].map(
      ([, pattern]) => pattern,
    );
  assert.deepEqual(patternsOf("README"), ["**:Record::**", "**RecordSet::**"]);
  assert.deepEqual(patternsOf("RegistryCacheDown"), patternsOf("README"));
});

test("never removes a cache because of a resolver", () => {
  for (const name of ["RegistryCacheDown", "RegistryCacheUnreachable"]) {
    const { text = "" } = runbooks.find((runbook) => runbook.name === name) ?? {};
    assert.match(text, /`Resolving timed out`/, name);
    // A resolver's silence would have the same output.
    assert.doesNotMatch(text, /`timed out`/, name);
  }
});

test("has links that work, including anchors", () => {
  const pages = [...alertNames, "README"].map((name) => join("docs", "runbooks", `${name}.md`));
  for (const file of pages) {
    for (const link of page(file).links.filter((link) => !/^https?:/.test(link))) {
      const [path = "", anchor] = link.split("#");
      const target = path ? relative(".", join(file, "..", path)) : file;
      assert.ok(existsSync(join(projectDirectory, target)), `${file}: ${link}`);
      if (anchor) assert.ok(anchorsOf(page(target)).includes(anchor), `${file}: ${link}`);
    }
  }
});

test("has anchors for the links of other pages", () => {
  const pages = ["README.md", ...globSync("docs/**/*.md", { cwd: projectDirectory })];
  const links = pages.flatMap((file) =>
    page(file).links.filter((link) => /runbooks\/\w+\.md#/.test(link) && !/^https?:/.test(link)),
  );
  assert.ok(links.length > 5);
  for (const link of links) {
    const [, name = "", anchor = ""] = link.match(/runbooks\/(\w+)\.md#(.+)$/) ?? [];
    assert.ok(anchorsOf(page(`docs/runbooks/${name}.md`)).includes(anchor), link);
  }
});

test("names containers that exist", () => {
  const parts = [...named(/(?:registry-cache (?:logs|restart) |PART=)([a-z]+)\b/g), ...containers];
  assert.ok(parts.length > containers.length);
  for (const part of parts) {
    assert.match(golden("pod.yaml"), new RegExp(`^ +- name: ${part}(-gsoci)?$`, "m"));
  }
});

test("names jobs that are scraped", () => {
  const jobs = named(
    /`(registry-cache-(?:edge|origin|upstream|manifests|endpoint|janitor|acme|prefetch|keeper|node|prometheus))`/g,
  );
  assert.ok(jobs.length > 5);
  for (const job of jobs) assert.match(golden("prometheus.yml"), new RegExp(`job_name: ${job}$`, "m"));
});

test("names units of the machine that exist", () => {
  const units = globSync("test/golden/**/*.{service,timer,kube}", { cwd: projectDirectory }).map((file) =>
    basename(file).replace(/\.\w+$/, ""),
  );
  // Units of packages that the user data installs, or that every image has.
  units.push("prometheus-node-exporter", "cloud-final");
  const commands = [
    ...text.matchAll(
      /(?:systemctl \S+|journalctl(?: --no-pager)? -u)(?: --no-pager)? ((?:[a-z][a-z-]+(?:\.timer)? ?)+)/g,
    ),
  ];
  assert.ok(commands.length > 5);
  for (const [command, names = ""] of commands) {
    for (const name of names.trim().split(" ")) {
      if (name.includes("-")) assert.ok(units.includes(name.replace(/\.timer$/, "")), command);
    }
  }
});

test("names metrics that are documented", () => {
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

test("names keys of the configuration that exist", () => {
  const documented = read("docs", "configuration.md");
  const keys = named(/`((?:monitoring|storage|workload|access|endpoint|machine|tls|prefetch)\.[a-zA-Z.]+)`/g);
  assert.ok(keys.length > 5);
  for (const key of keys) assert.match(documented, new RegExp(`\`(\\w+(\\[\\])?\\.)*${key}\``), key);
});
