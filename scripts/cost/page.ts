import { type Html, html } from "../../components/monitoring/status-page/page/html.ts";
import { document, problemList } from "../output/document.ts";
import { table } from "../output/html-table.ts";
import { type Format, written } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** With more regions, their sections are folded. */
const mostOpen = 3;

/** The report as a self-contained HTML page. */
export function renderPage(review: Review): string {
  const { date, regions, problems } = review;
  return document(
    "Cost of the registry caches",
    html`<header>
<h1>Cost of the registry caches</h1>
<p>An estimate of ${date}: list prices without taxes and discounts.</p>
</header>
<main>
${problemList(problems)}
${written(reportOf(review), formatOf(regions.length <= mostOpen))}
</main>`,
  );
}

function formatOf(isOpen: boolean): Format<Html> {
  return {
    text: ({ text, isHeadline }) => html`<p${isHeadline ? html` class="headline"` : undefined}>${text}</p>
`,
    list: ({
      title,
      items,
    }) => html`${title ? html`<h3>${title}</h3>` : undefined}<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>
`,
    table,
    section: ({ about, title, amount }, parts) =>
      about === "all"
        ? html`<section><h2>${title}</h2>${parts}</section>
`
        : html`<details class="region"${isOpen ? html` open` : undefined}>
<summary><h2>${title}</h2><b>${amount}</b></summary>
${parts}</details>
`,
  };
}
