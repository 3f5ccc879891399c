import { type Html, html } from "../../components/monitoring/status-page/page/html.ts";
import { document, problemList } from "../output/document.ts";
import { table } from "../output/html-table.ts";
import type { Block, Section } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** With more regions than this, their sections are folded. */
const mostOpen = 3;

/** The report as a page by itself. */
export function renderPage(review: Review): string {
  const { date, regions, problems } = review;
  const isOpen = regions.length <= mostOpen;
  return document(
    "Cost of the registry caches",
    html`<header>
<h1>Cost of the registry caches</h1>
<p>An estimate of ${date}: list prices without taxes and discounts.</p>
</header>
<main>
${problemList(problems)}
${reportOf(review).map((block) => part(block, isOpen))}
</main>`,
  );
}

function part(block: Block, isOpen: boolean): Html {
  switch (block.kind) {
    case "text":
      return html`<p${block.isHeadline ? html` class="headline"` : undefined}>${block.text}</p>
`;
    case "list":
      return html`${block.title ? html`<h3>${block.title}</h3>` : undefined}<ul>${block.items.map((item) => html`<li>${item}</li>`)}</ul>
`;
    case "table":
      return table(block);
    case "section":
      return section(block, isOpen);
  }
}

function section({ about, title, amount, blocks }: Section, isOpen: boolean): Html {
  const parts = blocks.map((block) => part(block, isOpen));
  if (about === "all")
    return html`<section><h2>${title}</h2>${parts}</section>
`;
  return html`<details class="region"${isOpen ? html` open` : undefined}>
<summary><h2>${title}</h2><b>${amount}</b></summary>
${parts}</details>
`;
}
