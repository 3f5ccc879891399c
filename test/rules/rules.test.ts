/**
 * The rules by Prometheus's own checker. What is expected of each stands in `*.yml` beside this file, in promtool's format:
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { type AlertName, alertNames, alerts as alertsSchema } from "../../components/config/alerts.ts";
import { renderRules, ruleGroups } from "../../components/monitoring/rules/rule-groups.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { projectDirectory } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

/** As a team might set it: what is expected has these labels. */
const alerts = alertsSchema.parse({
  labels: { area: "platform", team: "honeybadger" },
  overrides: { RegistryCacheAbuse: { severity: "ticket", topic: "" } },
  runbookUrl: "https://runbooks.example.com/{alert}",
});

type Alerts = typeof alerts;

/** A threshold is changed by so much to see whether anything is expected near it. */
const factors = [0.75, 1.4];

interface Expectations {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly object[];
    }[];
    readonly promql_expr_test?: readonly { readonly expr: string }[];
  }[];
}

/** By file name. */
const expectations = new Map(
  globSync(join(import.meta.dirname, "*.yml")).map((file) => {
    const { tests } = parse(readFileSync(file, "utf8")) as Expectations;
    return [
      basename(file),
      {
        alerts: tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test),
        expressions: tests.flatMap(({ promql_expr_test = [] }) => promql_expr_test.map(({ expr }) => expr)),
      },
    ];
  }),
);

const filesAbout = (names: readonly AlertName[]) =>
  [...expectations].flatMap(([file, about]) =>
    about.alerts.some(({ alertname }) => names.includes(alertname as AlertName)) ? [file] : [],
  );

function alertingRules(alerts: Alerts) {
  return ruleGroups(alerts).flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
}

describe("the rules", () => {
  const parts = scope(test);
  let promtool: string;
  let directory: string;
  before(async () => {
    promtool = await ensurePromtool();
    directory = parts.use(await tempDir()).path;
    for (const file of expectations.keys())
      await copyFile(join(import.meta.dirname, file), join(directory, file));
  });

  /** What promtool says, or nothing if all is as expected. */
  async function failures(alerts: Alerts, files: readonly string[]): Promise<string> {
    await writeFile(join(directory, "rules.yml"), renderRules(alerts));
    await writeFile(join(directory, "replica-rules.yml"), renderRules(alerts, { isOneOfSeveral: true }));
    const { failed, all } = await execa(promtool, ["test", "rules", ...files], {
      cwd: directory,
      reject: false,
      all: true,
    });
    return failed ? all : "";
  }

  test("are well-formed", async () => {
    await writeFile(join(directory, "rules.yml"), renderRules(alerts));
    await execa(promtool, ["check", "rules", "--lint-fatal", "rules.yml"], { cwd: directory });
  });

  test("do what is expected", async () => {
    assert.equal(await failures(alerts, [...expectations.keys()]), "");
  });

  test("are all expected to fire and not to fire", () => {
    const all = [...expectations.values()].flatMap((about) => about.alerts);
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

  test("have an expectation for each that records", () => {
    const expressions = [...expectations.values()].flatMap((about) => about.expressions).join("\n");
    for (const rule of ruleGroups(alerts).flatMap(({ rules }) => rules)) {
      if ("record" in rule) assert.ok(expressions.includes(rule.record), rule.record);
    }
  });

  test("are made of metrics that are documented", () => {
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
    test(`depend on ${name} where something is expected`, async () => {
      for (const factor of factors) {
        const changed = { ...alerts, thresholds: { ...alerts.thresholds, [name]: value * factor } };
        const before = new Set(alertingRules(alerts).map((rule) => JSON.stringify(rule)));
        const concerned = alertingRules(changed)
          .filter((rule) => !before.has(JSON.stringify(rule)))
          .map(({ alert }) => alert);
        assert.notEqual(concerned.length, 0);
        const said = await failures(changed, filesAbout(concerned));
        for (const alert of concerned) {
          assert.match(said, new RegExp(`alertname: ${alert},`), `${alert} with ${value * factor}`);
        }
      }
    });
  }
});
