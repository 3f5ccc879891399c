/** Units in Grafana's notation: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
type Unit = "bool_yes_no" | "bytes" | "Bps" | "currencyUSD" | "percentunit" | "reqps" | "s" | "short";

/** One panel, without its position. */
interface Panel {
  readonly title: string;
  /** What the panel shows and when to worry. */
  readonly description: string;
  /** `stat`: one current number. `table`: a row per region and a column per query. @default a graph */
  readonly kind?: "stat" | "table";
  readonly unit: Unit;
  /**
   * PromQL queries by the names of their series, in which `{{upstream}}` stands for a label. `$upstream` and `$region` are variables of the
   * dashboard, `$__rate_interval` and `$__range` are Grafana's.
   */
  readonly queries: Readonly<Record<string, string>>;
  /** The limit from which, or below which, a number is red. @default never */
  readonly bad?: Bad;
  /** The columns of a table, by the name of the query. @default the panel's unit, and never red */
  readonly columns?: Readonly<Record<string, Column>>;
  /** Whether to show the name of the series instead of its value. Only for `stat`. @default false */
  readonly nameOnly?: boolean;
  /** The end of the scale. @default the largest value */
  readonly max?: number;
}

type Bad = { readonly from: number } | { readonly below: number };

interface Column {
  readonly unit?: Unit;
  readonly bad?: Bad;
  /** The label to show instead of the value. */
  readonly label?: string;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** @param panels by their titles */
export function row(title: string, panels: Readonly<Record<string, Omit<Panel, "title">>>): Row {
  return { title, panels: Object.entries(panels).map(([title, panel]) => ({ title, ...panel })) };
}

/** The number of columns of Grafana's grid. */
const gridWidth = 24;

const sizes = { stat: { w: 4, h: 4 }, timeseries: { w: 8, h: 8 }, table: { w: 24, h: 12 } } as const;

const regionColumn = "Region";
/** A link to the other dashboard, with the row's region: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-data-links/ */
const regionLink = `/d/registry-cache?var-region=\${__data.fields.${regionColumn}}`;

export const datasource = { type: "prometheus", uid: "$datasource" };

/** Lays out rows and their panels, in the JSON model of a dashboard: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/ */
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
      const { w, h } = sizes[panel.kind ?? "timeseries"];
      if (x + w > gridWidth) {
        x = 0;
        y += height;
        height = 0;
      }
      const gridPos = { x, y, w, h };
      x += w;
      height = Math.max(height, h);
      return { id: ++id, gridPos, ...(panel.kind === "table" ? renderTable(panel) : render(panel)) };
    });
    y += height;
    return [heading, ...panels];
  });
}

function render({ title, description, kind, unit, queries, bad, nameOnly, max }: Panel) {
  return {
    type: kind ?? "timeseries",
    title,
    description,
    datasource,
    targets: Object.entries(queries).map(([legend, expr], index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === "stat" ? { instant: true } : { range: true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max !== undefined && { max }),
        ...(kind === "stat" && { color: { mode: "thresholds" } }),
        thresholds: { mode: "absolute", steps: steps(bad) },
      },
      overrides: [],
    },
    options:
      kind === "stat"
        ? {
            reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
            textMode: nameOnly ? "name" : "value_and_name",
          }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}

/**
 * A table of the results of all queries, joined by region: https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/#merge-seriestables
 * Each result has a column `Value #<refId>`, and one for each of its labels.
 */
function renderTable({ title, description, unit, queries, columns = {} }: Panel) {
  const asked = Object.entries(queries).map(([name, expr], index) => {
    const refId = String.fromCharCode("A".charCodeAt(0) + index);
    const column: Column = columns[name] ?? {};
    return { name, expr, refId, column, value: `Value #${refId}` };
  });
  const shown = asked.map(({ name, value, column: { label } }) => [label ?? value, name] as const);
  const hidden = asked.filter(({ column }) => column.label !== undefined).map(({ value }) => value);
  return {
    type: "table",
    title,
    description,
    datasource,
    targets: asked.map(({ expr, refId }) => ({ refId, datasource, expr, format: "table", instant: true })),
    transformations: [
      { id: "merge", options: {} },
      {
        id: "organize",
        options: {
          excludeByName: Object.fromEntries(["Time", ...hidden].map((field) => [field, true])),
          indexByName: Object.fromEntries(
            ["region", ...shown.map(([field]) => field)].map((field, at) => [field, at]),
          ),
          renameByName: Object.fromEntries([["region", regionColumn], ...shown]),
        },
      },
    ],
    fieldConfig: {
      defaults: { unit, thresholds: { mode: "absolute", steps: steps(undefined) } },
      overrides: [
        {
          matcher: { id: "byName", options: regionColumn },
          properties: [{ id: "links", value: [{ title: "This region", url: regionLink }] }],
        },
        ...asked.map(({ name, column: { unit, bad } }) => ({
          matcher: { id: "byName", options: name },
          properties: [
            ...(unit === undefined ? [] : [{ id: "unit", value: unit }]),
            ...(bad === undefined
              ? []
              : [
                  { id: "thresholds", value: { mode: "absolute", steps: steps(bad) } },
                  { id: "custom.cellOptions", value: { type: "color-text" } },
                ]),
          ],
        })),
      ],
    },
    options: { showHeader: true, cellHeight: "sm" },
  };
}

function steps(bad: Bad | undefined) {
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
