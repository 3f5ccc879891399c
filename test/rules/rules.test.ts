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
import type { AlertingRule, RecordingRule } from "../../components/monitoring/rules/rule.ts";
import { type RuleOptions, renderRules, ruleGroups } from "../../components/monitoring/rules/rule-groups.ts";
import { metricsFiles } from "../../components/pod/edge/status.ts";
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

/** The rule files that the expectations name. */
const ruleFiles: Readonly<Record<string, RuleOptions>> = {
  "rules.yml": {},
  "replica-rules.yml": { isOwn: true, isOneOfSeveral: true },
};

interface Expectations {
  readonly rule_files: readonly [keyof typeof ruleFiles];
  readonly evaluation_interval: string;
  readonly tests: readonly Expectation[];
}

interface Expectation {
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
  }[];
  readonly promql_expr_test?: readonly { readonly expr: string }[];
}

/** All recording rules of a file's rules. */
function recordingRules(file: string): RecordingRule[] {
  const options = optionsOf(expectations.get(file) ?? assert.fail(file));
  return ruleGroups(alerts, options).flatMap(({ rules }) => rules.filter((rule) => "record" in rule));
}

/** The recording rules whose results an expression uses, also through each other. */
function recordedFor(expr: string, all: readonly RecordingRule[]): RecordingRule[] {
  const used = all.filter(({ record }) => expr.includes(record));
  return used.flatMap((rule) => [...recordedFor(rule.expr, all), rule]);
}

/** All scalars are texts, because promtool reads `0x20` as twenty more zeros, and not as a number. */
const asText = { schema: "failsafe" } as const;

/** Expectations by file name. Those that take days come last, because a changed threshold that another file notices isn't evaluated for days. */
const expectations = new Map(
  globSync(join(import.meta.dirname, "*.yml"))
    .map((file) => [basename(file), parse(readFileSync(file, "utf8"), asText) as Expectations] as const)
    .sort(([, one], [, other]) => Number(takesDays(one)) - Number(takesDays(other))),
);

function optionsOf({ rule_files: [name] }: Expectations): RuleOptions {
  return ruleFiles[name] ?? assert.fail(name);
}

function takesDays({ evaluation_interval }: Expectations): boolean {
  return /^\d\dm$/.test(evaluation_interval);
}
const allTests = [...expectations.values()].flatMap(({ tests }) => tests);

function alertingRules(alerts: Alerts, options?: RuleOptions): AlertingRule[] {
  return ruleGroups(alerts, options).flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
}

/** An alert with another threshold, under a name of its own. */
interface Changed {
  readonly alert: AlertName;
  readonly rule: Omit<AlertingRule, "alert"> & { readonly alert: string };
}

/** The alerts that are different with this threshold. Their texts are the present ones, so that an expectation can only fail because of the time at which they fire. */
function changedBy(threshold: string, value: number, options: RuleOptions): Changed[] {
  const changed = alertingRules(
    { ...alerts, thresholds: { ...alerts.thresholds, [threshold]: value } },
    options,
  );
  const present = alertingRules(alerts, options);
  return changed.flatMap(({ alert, ...rule }, index) => {
    const { annotations, ...before } = present[index] ?? assert.fail();
    if (rule.expr === before.expr && rule.for === before.for) return [];
    return { alert, rule: { ...rule, annotations, alert: `${alert} with ${threshold} = ${value}` } };
  });
}

const changes = Object.entries(alerts.thresholds).flatMap(([threshold, present]) =>
  factors.map((factor) => ({ threshold, value: present * factor })),
);
const allChanged = (options: RuleOptions) =>
  changes.flatMap(({ threshold, value }) => changedBy(threshold, value, options));

describe("the rules", () => {
  let promtool: string;
  before(async () => {
    promtool = await ensurePromtool();
  });

  /**
   * Runs tests of one file. Each evaluates the alerts that it expects, because promtool would evaluate all.
   * @param records the recording rules that each also evaluates. @default all
   */
  async function check(
    file: string,
    tests: readonly Expectation[],
    alerting: readonly { alert: string; expr: string }[],
    records = recordingRules(file),
  ) {
    const settings = expectations.get(file) ?? assert.fail(file);
    await using directory = await tempDir();
    const write = async (name: string, content: object) =>
      await writeFile(join(directory.path, name), stringify(content, { ...asText, lineWidth: 0 }));
    const nameOf = (index: number) => `${index}-${file}`;
    for (const [index, test] of tests.entries()) {
      const expected = new Set(test.alert_rule_test?.map(({ alertname }) => alertname));
      const rules = alerting.filter(({ alert }) => expected.has(alert));
      // In one group, because promtool evaluates several in any order.
      await write(`rules-${nameOf(index)}`, {
        groups: [{ name: "registry-cache", rules: [...records, ...rules] }],
      });
      await write(nameOf(index), { ...settings, rule_files: [`rules-${nameOf(index)}`], tests: [test] });
    }
    return await execa(promtool, ["test", "rules", ...tests.map((_, index) => nameOf(index))], {
      cwd: directory.path,
      reject: false,
      all: true,
    });
  }

  /** The names of the {@link allChanged} of which no expectation fails. In each test they are side by side, without those that an earlier file has found. */
  async function unnoticed(): Promise<ReadonlySet<string>> {
    const left = new Set(allChanged({}).map(({ rule }) => rule.alert));
    for (const [file, expected] of expectations) {
      const changed = allChanged(optionsOf(expected)).filter(({ rule }) => left.has(rule.alert));
      const renamed = expected.tests.map(({ alert_rule_test = [], promql_expr_test: _, ...input }) => ({
        ...input,
        alert_rule_test: alert_rule_test.flatMap(({ alertname, ...rest }) =>
          changed
            .filter(({ alert }) => alert === alertname)
            .map(({ rule }) => ({ ...rest, alertname: rule.alert })),
        ),
      }));
      const concerned = renamed.filter(({ alert_rule_test }) => alert_rule_test.length > 0);
      if (concerned.length === 0) continue;
      const rules = changed.map(({ rule }) => rule);
      const records = recordingRules(file);
      const used = new Set(rules.flatMap(({ expr }) => recordedFor(expr, records)));
      const { all } = await check(
        file,
        concerned,
        rules,
        records.filter((it) => used.has(it)),
      );
      for (const { rule } of changed) if (all.includes(`alertname: ${rule.alert},`)) left.delete(rule.alert);
    }
    return left;
  }

  test("are well-formed", async () => {
    await execa(promtool, ["check", "rules", "--lint-fatal"], { input: renderRules(alerts) });
  });

  for (const [file, expected] of expectations) {
    test(`do what ${file} expects`, async () => {
      const { failed, all } = await check(file, expected.tests, alertingRules(alerts, optionsOf(expected)));
      assert.ok(!failed, all);
    });
  }

  test("have labels in the runbook's URL: of the series, or of the Prometheus itself", async () => {
    const runbookUrl =
      "https://runbooks.example.com/{alert}/?I={{ $labels.installation }}&J={{ $labels.job }}&X={{ $labels.x }}";
    const [{ annotations } = assert.fail()] = alertingRules({ ...alerts, runbookUrl });
    const rule = {
      alert: "Example",
      expr: "up == 0",
      annotations: { runbook_url: annotations.runbook_url?.replace(/^.*\?/, "?") },
    };
    const firing = (ofSeries: object, ofPrometheus: object) => {
      const labels = { job: "a", ...ofSeries };
      const series = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
      return {
        interval: "1m",
        external_labels: ofPrometheus,
        input_series: [{ series: `up{${series}}`, values: "0" }],
        alert_rule_test: [
          {
            eval_time: "0m",
            alertname: rule.alert,
            exp_alerts: [{ exp_labels: labels, exp_annotations: { runbook_url: "?I=a+b%26c&J=a&X=" } }],
          },
        ],
      };
    };
    const installation = { installation: "a b&c" };
    const tests = [firing(installation, {}), firing({}, installation)];
    const { failed, all } = await check("traffic.yml", tests, [rule]);
    assert.ok(!failed, all);
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

  test("have the label upstream where docs/metrics.md says so", () => {
    const page = readFileSync(join(projectDirectory, "docs", "metrics.md"), "utf8");
    const [, always = "", sometimes = ""] =
      page.match(/by `upstream`\*\*\. These have it: (.+?); (.+?) only/) ?? [];
    const namesIn = (text: string) => (text.match(/RegistryCache\w+/g) ?? []).sort();
    const fired = allTests
      .flatMap(({ alert_rule_test = [] }) => alert_rule_test)
      .flatMap(({ alertname, exp_alerts }) =>
        exp_alerts.map(({ exp_labels }) => ({ alertname, has: "upstream" in exp_labels })),
      );
    const fires = (name: string, has: boolean) =>
      fired.some((alert) => alert.alertname === name && alert.has === has);
    const withIt = alertNames.filter((name) => fires(name, true)).sort();
    assert.deepEqual(
      withIt.filter((name) => !fires(name, false)),
      namesIn(always),
    );
    assert.deepEqual(
      withIt.filter((name) => fires(name, false)),
      namesIn(sometimes),
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

  // nginx also serves a file whose container is dead.
  test("notice a file of metrics that nobody writes any more", () => {
    const expressions = alertingRules(alerts)
      .map(({ expr }) => expr)
      .join("\n");
    const names = Object.keys(metricsFiles);
    for (const name of names) {
      assert.ok(expressions.includes(`time() - registry_cache_${name}_run_time_seconds > `), name);
    }
    assert.ok(expressions.includes(`up{job=~"registry-cache-(${names.join("|")})"} == 0`));
  });

  describe("depend in some expectation on", () => {
    let left: ReadonlySet<string>;
    before(async () => {
      left = await unnoticed();
    });

    for (const { threshold, value } of changes) {
      test(`${threshold}, as ${value} shows`, () => {
        const concerned = changedBy(threshold, value, {});
        assert.notEqual(concerned.length, 0, "it changes no alert");
        for (const { alert, rule } of concerned) {
          assert.ok(
            !left.has(rule.alert),
            `nothing is expected of ${alert} that ${threshold} decides: write a test into test/rules/*.yml that fails with ${value}`,
          );
        }
      });
    }
  });
});
