import { type Html, html } from "../../../components/monitoring/status-page/page/html.ts";
import { sum } from "../amounts.ts";

export interface Bar {
  readonly label: string;
  /** A value per part of the chart, not negative. */
  readonly values: readonly number[];
  /** What stands at the end of the bar. */
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  /** The names of what each bar is made of. */
  readonly parts: readonly string[];
  readonly bars: readonly Bar[];
}

/** Stacked bars, one below the other. They stretch with the page; the texts stand beside them. */
export function barChart({ title, parts, bars }: BarChart): Html {
  const most = Math.max(...bars.map(({ values }) => sum(values)), 0.01);
  return html`<figure class="bars">
<figcaption>${title}</figcaption>
<ul class="legend">${parts.map((name, index) => html`<li><i class="part${index}"></i>${name}</li>`)}</ul>
<ol>
${bars.map(
  ({ label, values, text }) => html`<li><span>${label}</span>
<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
${values.map((value, index) => {
  const [from, width] = [sum(values.slice(0, index)), value].map((it) => ((it / most) * 100).toFixed(2));
  return html`<rect class="part${index}" x="${from}" y="0" width="${width}" height="10"/>`;
})}
</svg><b>${text}</b></li>
`,
)}</ol>
</figure>`;
}
