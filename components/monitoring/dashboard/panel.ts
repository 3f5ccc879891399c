/** Units as Grafana names them: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
type Unit = "bool_yes_no" | "bytes" | "Bps" | "currencyUSD" | "percentunit" | "reqps" | "s" | "short";

/** One panel, before it has a place. */
interface Panel {
  readonly title: string;
  /** What it tells and when to worry. */
  readonly description: string;
  /** One number now, a graph, or a line of numbers for each region. */
  readonly kind: "stat" | "timeseries" | "table";
  readonly unit: Unit;
  /**
   * PromQL, by how its series are called, with labels as `{{upstream}}`; in a table, by the column's title. `$upstream` and `$region` are the dashboard's variables,
   * `$__rate_interval` and `$__range` Grafana's.
   */
  readonly queries: Readonly<Record<string, string>>;
  /** Of a table, what differs in a column. */
  readonly columns?: Readonly<Record<string, Partial<Pick<Panel, "unit" | "bad" | "max">>>>;
  /** From which value on a number is red, or below which. @default never */
  readonly bad?: { readonly from: number } | { readonly below: number };
  /** Show how a series is called, and not its value, which says nothing. Only for a number. @default false */
  readonly nameOnly?: boolean;
  /** The end of the scale. @default what there is */
  readonly max?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Columns of Grafana's grid. */
const gridWidth = 24;

const sizes = { stat: { w: 4, h: 4 }, timeseries: { w: 8, h: 8 }, table: { w: gridWidth, h: 8 } } as const;

export const datasource = { type: "prometheus", uid: "$datasource" };

/** Rows with their panels below each other, in the model of a dashboard's JSON: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/ */
export function layOut(rows: readonly Row[]): object[] {
  let y = 0;
  let id = 0;
  return rows.flatMap((row) => {
    const heading = {
      id: ++id,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: gridWidth, h: 1 },
      panels: [],
    };
    let x = 0;
    let height = 0;
    const panels = row.panels.map((panel) => {
      const { w, h } = sizes[panel.kind];
      if (x + w > gridWidth) {
        x = 0;
        y += height;
        height = 0;
      }
      const gridPos = { x, y, w, h };
      x += w;
      height = Math.max(height, h);
      return { id: ++id, gridPos, ...render(panel) };
    });
    y += height;
    return [heading, ...panels];
  });
}

function render({ title, description, kind, unit, queries, columns = {}, bad, nameOnly, max }: Panel) {
  const titles = Object.keys(queries);
  return {
    type: kind,
    title,
    description,
    datasource,
    targets: Object.values(queries).map((expr, index) => ({
      refId: refId(index),
      datasource,
      expr,
      legendFormat: titles[index],
      ...(kind === "timeseries" ? { range: true } : { instant: true }),
      ...(kind === "table" && { format: "table" }),
    })),
    ...(kind === "table" && { transformations: joined(titles) }),
    fieldConfig: {
      defaults: {
        ...fieldOf({ unit, bad, max }),
        min: 0,
        ...(kind === "stat" && { color: { mode: "thresholds" } }),
      },
      overrides: Object.entries(columns).map(([name, { bad, ...field }]) => ({
        matcher: { id: "byName", options: name },
        properties: [
          ...Object.entries(bad ? fieldOf({ ...field, bad }) : field),
          ...(bad ? [["custom.cellOptions", { type: "color-text" }] as const] : []),
        ].map(([id, value]) => ({ id, value })),
      })),
    },
    ...optionsOf(kind, nameOnly),
  };
}

function fieldOf({
  unit,
  bad,
  max,
}: { readonly [Name in "unit" | "bad" | "max"]?: Panel[Name] | undefined }) {
  return {
    ...(unit !== undefined && { unit }),
    ...(max !== undefined && { max }),
    thresholds: { mode: "absolute", steps: steps(bad) },
  };
}

function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

/** One line for each region, from all queries: https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/#join-by-field */
function joined(titles: readonly string[]): object[] {
  const values = Object.fromEntries(titles.map((title, index) => [`Value #${refId(index)}`, title]));
  const times = titles.map((_, index) => (index === 0 ? "Time" : `Time ${index + 1}`));
  return [
    { id: "joinByField", options: { byField: "region", mode: "outer" } },
    {
      id: "organize",
      options: {
        renameByName: { region: "Region", ...values },
        excludeByName: Object.fromEntries([...times, "Time 1"].map((name) => [name, true])),
      },
    },
  ];
}

function optionsOf(kind: Panel["kind"], nameOnly: Panel["nameOnly"]) {
  if (kind === "table")
    return { options: { showHeader: true, sortBy: [{ displayName: "Region", desc: false }] } };
  return {
    options:
      kind === "stat"
        ? {
            reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
            textMode: nameOnly ? "name" : "value_and_name",
          }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}

function steps(bad: Panel["bad"]) {
  if (bad === undefined) return [{ color: "green", value: null }];
  return "from" in bad
    ? [
        { color: "green", value: null },
        { color: "red", value: bad.from },
      ]
    : [
        { color: "red", value: null },
        { color: "green", value: bad.below },
      ];
}
