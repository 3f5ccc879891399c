import { contestantNames, type Measurement, ratios, reaches } from "./measurement.ts";
import { type Summary, summarize } from "./statistics.ts";

const start = performance.now();

/** One line on standard error, with the seconds since the start. */
export function progress(text: string): void {
  console.error(`${String(Math.round((performance.now() - start) / 1000)).padStart(4)} s  ${text}`);
}

/** A block per measurement, a row per contestant, and beside each what ours is compared with it. */
export function renderTable(measurements: readonly Measurement[]): string {
  const header = row("", "median", "min – max", "ours ÷ it", "goal");
  return [header, ...measurements.map(renderMeasurement)].join("\n");
}

function renderMeasurement(measurement: Measurement): string {
  const { what, unit, series, goal } = measurement;
  const rows = contestantNames.flatMap((name) => {
    const values = series[name];
    if (!values) return [];
    const { median, min, max } = summarize(values);
    const once = values.length === 1;
    const ratio = ratios(measurement, name);
    return row(
      `  ${name}`,
      number(median),
      once ? "" : span({ min, max }),
      ratio ? `${number(ratio.median)}${once ? "" : ` (${span(ratio)})`}` : "",
      name === (goal?.against ?? contestantNames.find((it) => series[it])) ? verdict(measurement) : "",
    );
  });
  return [unit ? `${what} (${unit})` : what, ...rows].join("\n");
}

function verdict(measurement: Measurement): string {
  const { goal } = measurement;
  if (!goal) return "";
  const bound = "atMost" in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return `${bound} ${reaches(measurement) ? "✓" : "✗"}`;
}

function row(name: string, ...cells: string[]): string {
  const widths = [10, 17, 22, 10];
  return [name.padEnd(16), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))]
    .join(" ")
    .trimEnd();
}

function span({ min, max }: Pick<Summary, "min" | "max">): string {
  return `${number(min)} – ${number(max)}`;
}

/** Three digits. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
