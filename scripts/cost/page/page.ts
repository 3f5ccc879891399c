import { totalsOf } from "../../../components/cost/line.ts";
import { type Html, html } from "../../../components/monitoring/status-page/page/html.ts";
import { sum, usd } from "../amounts.ts";
import { type Bill, billOf, nameOf, type RegionReview, type Review, sumOf } from "../review.ts";
import { billCells, billed, billTitles, leftOut, legendOf, remarksOf } from "../sentences.ts";
import { type Bar, barChart } from "./bar-chart.ts";
import { document, problemList } from "./document.ts";
import { anchorOf, regionSection } from "./region-section.ts";
import { table } from "./table.ts";

/** What the bars are made of, in the order of {@link partsOf}. */
const parts = ["we pay, fixed", "we pay, by usage", "the customers pay"] as const;

function partsOf({ fixed, usage, customer }: Bill): number[] {
  return [fixed, usage, customer];
}

/** With more regions than this, the bars of the rest are one, and their sections are folded. */
const mostBars = 20;
const mostOpen = 3;

/** The report as a page by itself. */
export function renderPage(review: Review): string {
  const { regions, date, origin, problems, notes } = review;
  const bills = regions.map(({ estimate }) => billOf(estimate));
  const total = sumOf(bills);
  return document(
    "Cost of the registry caches",
    html`<header>
<h1>Cost of the registry caches</h1>
<p>An estimate of ${date} from ${origin}: USD a month, list prices without taxes and discounts.</p>
</header>
<main>
<dl class="cards">${cards(regions, total)}</dl>
${problemList(problems)}
<div class="charts">
${barChart({ title: "By region", parts, bars: byRegion(regions, bills) })}
${barChart({ title: "By kind", parts, bars: byKind(regions) })}
</div>
<section>
<h2>All regions</h2>
${overview(regions)}
${[...legendOf(bills), ...leftOut(review)].map((text) => html`<p class="dim">${text}</p>`)}
</section>
${regions.map((region) => regionSection(region, regions.length <= mostOpen))}
${remarks(regions)}
</main>
<footer>${notes.map((note) => html`<p>${note}</p>`)}</footer>`,
  );
}

function cards(regions: readonly RegionReview[], total: Bill): Html[] {
  const saved = regions.flatMap(({ measured }) => measured?.savedUSD ?? []);
  const figures: [string, string][] = [
    ["we pay", billed(total)],
    ["of it fixed", usd(total.fixed)],
    ["of it by usage", usd(total.usage)],
    ["the customers pay", usd(total.customer)],
    ...(saved.length > 0 ? [["saved, as measured", usd(sum(saved))] as [string, string]] : []),
  ];
  return figures.map(([name, amount]) => html`<div><dt>${name}</dt><dd>${amount}</dd></div>`);
}

function byRegion(regions: readonly RegionReview[], bills: readonly Bill[]): Bar[] {
  const ranked = regions
    .map((region, index) => ({ label: nameOf(region), bill: bills[index] as Bill }))
    .sort((one, other) => other.bill.expected - one.bill.expected);
  const [shown, rest] = [ranked.slice(0, mostBars), ranked.slice(mostBars)];
  const bar = (label: string, bill: Bill) => ({ label, values: partsOf(bill), text: billed(bill) });
  return [
    ...shown.map(({ label, bill }) => bar(label, bill)),
    ...(rest.length > 0 ? [bar(`${rest.length} others`, sumOf(rest.map(({ bill }) => bill)))] : []),
  ];
}

function byKind(regions: readonly RegionReview[]): Bar[] {
  const lines = regions.flatMap(({ estimate: { lines, notPriced } }) =>
    lines.map((line) => ({ line, notPriced })),
  );
  return [...Map.groupBy(lines, ({ line }) => line.kind)]
    .map(([label, own]) => {
      const bills = own.map(({ line, notPriced }) =>
        billOf({ lines: [line], totals: totalsOf([line]), notPriced }),
      );
      const values = partsOf(sumOf(bills));
      return { label, values, text: usd(sum(values)) };
    })
    .sort((one, other) => sum(other.values) - sum(one.values));
}

function overview(regions: readonly RegionReview[]): Html {
  return table({
    title: "All regions",
    head: ["Region", ...billTitles(regions)],
    rows: regions.map((region) => [
      html`<a href="#${anchorOf(region)}">${nameOf(region)}</a>`,
      ...billCells([region], regions),
    ]),
    foot: [["All", ...billCells(regions)]],
  });
}

function remarks(regions: readonly RegionReview[]): Html[] {
  return remarksOf(regions).map(
    ({ title, texts }) => html`<section>
<h2>${title}</h2>
<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>
</section>
`,
  );
}
