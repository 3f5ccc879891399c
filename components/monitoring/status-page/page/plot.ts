import { type Html, html } from "./html.ts";
import type { Steps } from "./prometheus.ts";
import { clock } from "./units.ts";

/** Lines over one day. */
export interface Plot {
  readonly title: string;
  readonly steps: Steps;
  readonly format: (value: number | undefined) => string;
  /** The end of the axis. @default above the largest value */
  readonly top?: number;
  /** Whether the axis is logarithmic. @default false: linear from 0 */
  readonly logarithmic?: boolean;
  /** Each line has one value per step, at least 0, or undefined for a gap. */
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[];
}

export interface Size {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** Space around the lines for the labels of the axes, in pixels. */
const margin = { left: 66, right: 8, top: 8, bottom: 22 };

/** Positions in a plot, in pixels. */
export interface Geometry {
  readonly ticks: readonly number[];
  x(index: number): number;
  y(value: number): number;
  /** The index of the step that is nearest to a position. */
  indexAt(x: number): number;
}

export function geometryOf({ steps, lines, top, logarithmic }: Plot, { width, height }: Size): Geometry {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== undefined));
  const ticks = logarithmic
    ? decades(values.filter((value) => value > 0))
    : linearTicks(top ?? Math.max(...values, 0));
  const [bottom, limit] = [ticks[0] as number, ticks.at(-1) as number];
  const share = (value: number) =>
    logarithmic ? Math.log10(Math.max(value, bottom) / bottom) / Math.log10(limit / bottom) : value / limit;
  const [inner, tall] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const last = Math.floor((steps.last - steps.first) / steps.step);
  return {
    ticks,
    x: (index) => margin.left + (inner * index) / last,
    y: (value) => margin.top + tall * (1 - share(value)),
    indexAt: (x) => Math.min(last, Math.max(0, Math.round(((x - margin.left) / inner) * last))),
  };
}

/** Ticks from 0 to at least `most`, in two to five round steps. */
export function linearTicks(most: number): number[] {
  if (most <= 0) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** Powers of ten from at most the smallest value to at least the largest: at least two. */
export function decades(values: readonly number[]): number[] {
  const [least, most] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0.01, 1];
  const first = Math.floor(Math.log10(least) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(most) - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

type Values = Plot["lines"][number]["values"];

/** The path of a line in SVG: `M` starts each run of values, `L` continues it. */
export function pathOf(values: Values, { x, y }: Geometry): string {
  const parts = values.map((value, index) => {
    if (value === undefined) return "";
    return `${values[index - 1] === undefined ? "M" : "L"}${x(index).toFixed(1)},${y(value).toFixed(1)}`;
  });
  return parts.join("");
}

/** Dots for single values between two gaps, which have no line. */
function dotsOf(values: Values, { x, y }: Geometry): Html[] {
  return values.flatMap((value, index) => {
    const isAlone = values[index - 1] === undefined && values[index + 1] === undefined;
    if (value === undefined || !isAlone) return [];
    return html`<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3"/>`;
  });
}

/** Every third or sixth full hour in the reader's time zone: its index in the steps, and its text. */
function hourTicks({ first, last, step }: Steps, width: number): { index: number; text: string }[] {
  const every = width < 480 ? 6 : 3;
  const date = new Date(1000 * first);
  date.setMinutes(0, 0, 0);
  const found: { index: number; text: string }[] = [];
  for (let time = date.getTime() / 1000; time <= last; time += 3600) {
    const hour = new Date(1000 * time).getHours();
    if (time >= first && hour % every === 0) {
      found.push({ index: (time - first) / step, text: `${String(hour).padStart(2, "0")}:00` });
    }
  }
  return found;
}

/** The legend with the values at one step, or without an index with the latest values. */
export function legendOf(plot: Plot, index?: number): Html {
  const { lines, format } = plot;
  const at = (values: Values) =>
    index === undefined ? values.findLast((value) => value !== undefined) : values[index];
  const time = index === undefined ? "latest" : timeOf(plot, index);
  return html`${lines.map(
    ({ name, values }, line) =>
      html`<li><i class="line${line}"></i>${name} <b>${format(at(values))}</b></li>`,
  )}<li class="dim">${time}</li>`;
}

function timeOf({ steps }: Plot, index: number): string {
  return clock(steps.first + index * steps.step, steps.last);
}

/** A description of the plot for screen readers. */
function descriptionOf(plot: Plot): string {
  const { title, lines, format } = plot;
  const texts = lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return `${name}: no data`;
    const [least, most] = [Math.min(...known), Math.max(...known)].map(
      (value) => `${format(value)} at ${timeOf(plot, values.indexOf(value))}`,
    );
    return `${name}: latest ${format(known.at(-1))}, lowest ${least}, highest ${most}`;
  });
  return `${title}, last day. ${texts.join("; ")}.`;
}

/** Removes zeros after the decimal point, because the values of an axis are round. */
function round(text: string): string {
  return text.replace(/\.0+(?= )/, "");
}

/**
 * The plot as SVG, one unit per pixel.
 * @param id of the SVG element
 */
export function svgOf(plot: Plot, size: Size, id: string): Html {
  const { width, height } = size;
  const geometry = geometryOf(plot, size);
  const { ticks, x, y } = geometry;
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const isEmpty = plot.lines.every(({ values }) => values.every((value) => value === undefined));
  return html`<svg id="${id}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${descriptionOf(plot)}">
${ticks.map(
  (tick) =>
    html`<line x1="${margin.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${margin.left - 8}" y="${y(tick) + 4}" class="y">${round(plot.format(tick))}</text>`,
)}
${hourTicks(plot.steps, width).map(
  ({ index, text }) => html`<text x="${x(index)}" y="${height - 4}" class="x">${text}</text>`,
)}
${plot.lines.map(
  ({ values }, line) =>
    html`<g class="line${line}"><path d="${pathOf(values, geometry)}"/>${dotsOf(values, geometry)}</g>`,
)}
${isEmpty ? html`<text x="${(margin.left + right) / 2}" y="${bottom / 2}" class="x">no data yet</text>` : undefined}
<line class="cursor" y1="${margin.top}" y2="${bottom}" transform="scale(0)"/>
</svg>`;
}
