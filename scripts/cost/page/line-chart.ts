import { type Html, html } from "../../../components/monitoring/status-page/page/html.ts";
import { ticks } from "./scale.ts";

export interface Line {
  readonly name: string;
  /** Whether it is the one that the reader asks about. */
  readonly chosen: boolean;
  /** Its points, by x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A value of x that means something. */
export interface Mark {
  /** Of two short lines. */
  readonly label: string;
  readonly x: number;
}

export interface LineChart {
  /** What it shows, for those who can't see it. */
  readonly title: string;
  readonly lines: readonly Line[];
  readonly marks: readonly Mark[];
  readonly x: { readonly label: string; readonly format: (value: number) => string };
  readonly y: { readonly label: string; readonly format: (value: number) => string };
}

/**
 * Lines over a common pair of axes that start at 0. The lines stretch with the page, the texts don't: so they stand beside the SVG, placed by percent.
 */
export function lineChart({ title, lines, marks, x, y }: LineChart): Html {
  const all = lines.flatMap(({ points }) => points);
  const mostX = Math.max(...all.map(([value]) => value), ...marks.map((mark) => mark.x));
  const xTicks = ticks(mostX, 5).filter((tick) => tick <= mostX);
  const yTicks = ticks(Math.max(...all.map(([, value]) => value), 1), 5);
  const right = (value: number) => percent(value / mostX);
  const up = (value: number) => percent(1 - value / (yTicks.at(-1) ?? 1));
  const path = (points: Line["points"]) => points.map(([px, py]) => `${right(px)},${up(py)}`).join(" ");
  return html`<figure class="lines">
<figcaption>${y.label}</figcaption>
<div class="plot">
<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="${title}">
${yTicks.map((tick) => html`<line class="grid" x1="0" x2="100" y1="${up(tick)}" y2="${up(tick)}"/>`)}
${marks.map((mark) => html`<line class="mark" x1="${right(mark.x)}" x2="${right(mark.x)}" y1="0" y2="100"/>`)}
${lines.map(
  ({ points, chosen }, index) =>
    html`<polyline${chosen ? html` class="chosen"` : undefined} style="--line:var(--c${index})" points="${path(points)}"/>`,
)}
</svg>
${yTicks.map((tick) => html`<span class="y" style="top:${up(tick)}%">${y.format(tick)}</span>`)}
${xTicks.map((tick) => html`<span class="x" style="left:${right(tick)}%">${x.format(tick)}</span>`)}
${marks.map(
  (mark, index) =>
    html`<span class="mark${right(mark.x) > 50 ? " before" : ""}" style="left:${right(mark.x)}%;top:${index * 2.6}em">${mark.label}</span>`,
)}
</div>
<p class="axis">${x.label}</p>
<ul class="legend">${lines.map(({ name }, index) => html`<li><i style="--line:var(--c${index})"></i>${name}</li>`)}</ul>
</figure>`;
}

/** With two decimals, in the 100 units of the SVG's box. */
function percent(share: number): number {
  return Math.round(share * 10_000) / 100;
}
