import { contestantNames, type Measurement, ratios, verdict } from "./measurement.ts";
import { type Span, summarize } from "./statistics.ts";

const start = performance.now();

/** Prints one line to standard error, with the seconds since the start. */
export function progress(text: string): void {
  console.error(`${String(Math.round((performance.now() - start) / 1000)).padStart(4)} s  ${text}`);
}

/** A block per measurement with a row per contestant, each with the comparison of our value: the median of the pairs' ratios, and its 95 % interval. */
export function renderTable(measurements: readonly Measurement[]): string {
  const header = row("", "median", "quartiles", "ours ÷ it", "goal");
  return [header, ...measurements.map(renderMeasurement)].join("\n");
}

function renderMeasurement(measurement: Measurement): string {
  const { what, unit, series, goal } = measurement;
  const rows = contestantNames.flatMap((name) => {
    const values = series[name];
    if (!values) return [];
    const { median, quartiles } = summarize(values);
    const once = values.length === 1;
    const ratio = ratios(measurement, name);
    return row(
      `  ${name}`,
      number(median),
      once ? "" : span(quartiles),
      ratio ? `${number(ratio.median)}${once ? "" : ` (${span(ratio.interval)})`}` : "",
      name === (goal?.against ?? contestantNames.find((it) => series[it])) ? judged(measurement) : "",
    );
  });
  return [unit ? `${what} (${unit})` : what, ...rows].join("\n");
}

const signs = { reached: "✓", missed: "✗", undecided: "undecided" };

function judged(measurement: Measurement): string {
  const { goal } = measurement;
  const judgement = verdict(measurement);
  if (goal === undefined || judgement === undefined) return "";
  const bound = "atMost" in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return `${bound} ${signs[judgement]}`;
}

function row(name: string, ...cells: string[]): string {
  const widths = [10, 17, 22, 18];
  return [name.padEnd(16), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))]
    .join(" ")
    .trimEnd();
}

function span([low, high]: Span): string {
  return `${number(low)} – ${number(high)}`;
}

/** A number with three digits. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
