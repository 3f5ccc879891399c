/** The checks of a linter for the dashboard. A test with the running Pod checks that its queries find something. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  dashboard,
  dashboardUid,
  fleetDashboard,
  fleetRows,
  rows,
} from "../../components/monitoring/dashboard/dashboard.ts";
import { ruleGroups } from "../../components/monitoring/rules/rule-groups.ts";
import { defaultMonitoring } from "../support/monitoring.ts";

interface Placed {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

const whole = dashboard() as { panels: Placed[]; templating: { list: { type: string }[] } };
const { panels } = whole;
const queries = [...rows, ...fleetRows].flatMap(({ panels }) =>
  panels.flatMap(({ title, queries }) =>
    Object.entries(queries).map(([legend, expr]) => ({ title, legend, expr })),
  ),
);

test("keeps the uid that alerts and links name", () => {
  assert.equal(dashboardUid, "registry-cache");
});

for (const [what, { panels, templating }] of Object.entries({
  one: dashboard(),
  fleet: fleetDashboard(),
}) as [string, typeof whole][]) {
  test(`gives panels unique ids and titles, and none covers another: ${what}`, () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });

  test(`filters the queries of all panels by further labels: ${what}`, () => {
    const filters = templating.list.filter(({ type }) => type === "adhoc");
    const sources = panels.flatMap(({ datasource }) => datasource ?? []);
    assert.ok(sources.length > 0);
    for (const source of sources) assert.deepEqual(filters, [{ ...filters[0], datasource: source }]);
  });
}

test("has a table column for each query, and no labels except the region and those shown", () => {
  for (const { title, queries, columns = {} } of fleetRows.flatMap(({ panels }) => panels)) {
    if (Object.keys(columns).length === 0) continue;
    assert.deepEqual(Object.keys(columns), Object.keys(queries), title);
    for (const [name, expr] of Object.entries(queries)) {
      const label = columns[name]?.label;
      const left = label === undefined ? "region" : `region, ${label}`;
      for (const [, labels] of expr.matchAll(/by \(([^)]*)\)/g)) assert.equal(labels, left, name);
    }
  }
});

test("answers the three questions on the first screen", () => {
  // In 900 pixels. A row of Grafana's grid has 38, including its gap.
  const rowHeights = 900 / 38;
  const [first] = rows;
  const last = panels.find(({ title }) => title === first?.panels.at(-1)?.title);
  assert.ok(last && last.gridPos.y + last.gridPos.h <= rowHeights);
});

test("describes every panel", () => {
  for (const { title, description } of [...rows, ...fleetRows].flatMap(({ panels }) => panels)) {
    assert.match(description, /^[A-Z\d].*\.$/s, title);
  }
});

test("limits every query to the chosen regions, with Grafana's own ranges", () => {
  for (const { title, expr } of queries) {
    const selectors = [...expr.matchAll(/\{([^}]*)\}/g)].map(([, matchers]) => matchers);
    assert.ok(selectors.length > 0, title);
    assert.ok(
      selectors.every((matchers) => matchers?.includes('region=~"$region"')),
      `${title}: ${expr}`,
    );
    assert.doesNotMatch(expr.replaceAll(/\[(?:\$__rate_interval|\$__range|1h)\]/g, ""), /\[/, title);
  }
});

test("names only labels in a legend that its query keeps", () => {
  for (const { title, expr, legend } of queries) {
    const kept = [...expr.matchAll(/by \(([^)]*)\)/g)].map(([, labels = ""]) => labels.split(", "));
    const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    for (const labels of kept) {
      assert.ok(
        named.every((label) => labels.includes(label)),
        `${title}: ${legend}`,
      );
    }
  }
});

test("uses only metrics that are documented, or recorded by a rule", () => {
  const documented = readFileSync("docs/metrics.md", "utf8");
  const recorded = ruleGroups(defaultMonitoring.alerts)
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => ("record" in rule ? rule.record : []));
  for (const { expr } of queries) {
    for (const [name] of expr.matchAll(/[\w:]+(?=\{)/g)) {
      const base = name.replace(/_(?:bucket|count|sum)$/, "");
      assert.ok(name === "ALERTS" || recorded.includes(name) || documented.includes(`\`${base}\``), name);
    }
  }
});
