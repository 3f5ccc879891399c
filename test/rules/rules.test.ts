/**
 * The rules, tested by Prometheus's own checker. The `*.yml` files in this folder have the expectations, in promtool's format:
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { type AlertName, alertNames, alerts as alertsSchema } from "../../components/config/alerts.ts";
import { renderRules, ruleGroups } from "../../components/monitoring/rules/rule-groups.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { projectDirectory } from "../support/project.ts";
import { tempDir } from "../support/scope.ts";

/** Settings of an example team, whose labels are in the expectations. */
const alerts = alertsSchema.parse({
  labels: { area: "platform", team: "honeybadger" },
  overrides: { RegistryCacheAbuse: { severity: "ticket", topic: "" } },
  runbookUrl: "https://runbooks.example.com/{alert}",
});

type Alerts = typeof alerts;

/** Each threshold is changed by these factors, to test that an expectation depends on it. */
const factors = [0.75, 1.4];

interface Expectations {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: AlertName;
      readonly exp_alerts: readonly object[];
    }[];
    readonly promql_expr_test?: readonly { readonly expr: string }[];
  }[];
}

/** All scalars are texts, because promtool reads `0x20` as twenty more zeros, and not as a number. */
const asText = { schema: "failsafe" } as const;

/** Expectations by file name. */
const expectations = new Map(
  globSync(join(import.meta.dirname, "*.yml")).map((file) => [
    basename(file),
    parse(readFileSync(file, "utf8"), asText) as Expectations,
  ]),
);
const allTests = [...expectations.values()].flatMap(({ tests }) => tests);

function alertingRules(alerts: Alerts) {
  return ruleGroups(alerts).flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
}

describe("the rules", () => {
  let promtool: string;
  before(async () => {
    promtool = await ensurePromtool();
  });

  /** promtool's failures for these alerts; empty if everything is as expected. @param only these alerts, and no expectations without them. @default all */
  async function failures(alerts: Alerts, only?: readonly AlertName[]): Promise<string> {
    await using directory = await tempDir();
    const write = (name: string, text: string) => writeFile(join(directory.path, name), text);
    for (const [file, options] of [
      ["rules.yml", {}],
      ["replica-rules.yml", { isOwn: true, isOneOfSeveral: true }],
    ] as const) {
      const groups = ruleGroups(alerts, options).map(({ name, rules }) => ({
        name,
        rules: rules.filter((rule) => !("alert" in rule) || (only?.includes(rule.alert) ?? true)),
      }));
      await write(file, stringify({ groups }, { lineWidth: 0 }));
    }
    const files: string[] = [];
    for (const [file, { tests, ...settings }] of expectations) {
      const concerned = tests.filter(
        ({ alert_rule_test = [] }) =>
          only === undefined || alert_rule_test.some(({ alertname }) => only.includes(alertname)),
      );
      if (concerned.length === 0) continue;
      files.push(file);
      await write(file, stringify({ ...settings, tests: concerned }, { ...asText, lineWidth: 0 }));
    }
    const { failed, all } = await execa(promtool, ["test", "rules", ...files], {
      cwd: directory.path,
      reject: false,
      all: true,
    });
    return failed ? all : "";
  }

  test("are well-formed", async () => {
    await execa(promtool, ["check", "rules", "--lint-fatal"], { input: renderRules(alerts) });
  });

  test("do what the files expect", async () => {
    assert.equal(await failures(alerts), "");
  });

  test("are all expected to fire, and not to fire", () => {
    const all = allTests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
    const namesOf = (fires: boolean) =>
      [
        ...new Set(all.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map((it) => it.alertname)),
      ].sort();
    assert.deepEqual(namesOf(true), [...alertNames].sort());
    assert.deepEqual(namesOf(false), alertNames.filter((name) => name !== "Watchdog").sort());
    assert.deepEqual(
      alertingRules(alerts)
        .map(({ alert }) => alert)
        .sort(),
      [...alertNames].sort(),
    );
  });

  test("have an expectation for each recording rule", () => {
    const expressions = allTests
      .flatMap(({ promql_expr_test = [] }) => promql_expr_test.map(({ expr }) => expr))
      .join("\n");
    for (const rule of ruleGroups(alerts).flatMap(({ rules }) => rules)) {
      if ("record" in rule) assert.ok(expressions.includes(rule.record), rule.record);
    }
  });

  test("use only documented metrics", () => {
    const documented = readFileSync(join(projectDirectory, "docs", "metrics.md"), "utf8");
    const expressions = ruleGroups(alerts).flatMap(({ rules }) => rules.map(({ expr }) => expr));
    const metrics = expressions.flatMap(
      (expr) => expr.match(/\b(?:registry|probe|process|node)_[a-z0-9_]+/g) ?? [],
    );
    assert.ok(metrics.length > 50);
    for (const metric of metrics) {
      assert.match(documented, new RegExp(`[\`:]${metric.replace(/_sum$/, "")}\\b`), metric);
    }
  });

  for (const [name, value] of Object.entries(alerts.thresholds)) {
    test(`depend on ${name} in some expectation`, async () => {
      for (const factor of factors) {
        const changed = { ...alerts, thresholds: { ...alerts.thresholds, [name]: value * factor } };
        const before = new Set(alertingRules(alerts).map((rule) => JSON.stringify(rule)));
        const concerned = alertingRules(changed)
          .filter((rule) => !before.has(JSON.stringify(rule)))
          .map(({ alert }) => alert);
        assert.notEqual(concerned.length, 0, `${name} changes no alert with ${value * factor}`);
        const said = await failures(changed, concerned);
        for (const alert of concerned) {
          assert.ok(
            said.includes(`alertname: ${alert},`),
            `nothing is expected of ${alert} that ${name} decides: write a test into test/rules/*.yml that fails with ${value * factor}`,
          );
        }
      }
    });
  }
});
