import type { Alternative } from "../../../components/cost/alternatives.ts";
import { type CostLine, notFound } from "../../../components/cost/line.ts";
import { type Html, html } from "../../../components/monitoring/status-page/page/html.ts";
import { quantity, unitPrice, usd } from "../amounts.ts";
import type { Curve } from "../curve.ts";
import type { Measured } from "../measured.ts";
import { billOf, nameOf, type RegionReview, type StackRegion } from "../review.ts";
import { billed, conclusions, notPricedText, span } from "../sentences.ts";
import { lineChart, type Mark } from "./line-chart.ts";
import { type Cell, table } from "./table.ts";

/** All about one region. */
export function regionSection(region: RegionReview, open: boolean): Html {
  const { stack, estimate, measured, curve } = region;
  const { provider, lines, alternatives, priceDate, notPriced } = estimate;
  return html`<details class="region" id="${anchorOf({ stack, estimate })}"${open ? html` open` : undefined}>
<summary><h2>${nameOf({ stack, estimate })}</h2><b>${billed(billOf(estimate))}</b></summary>
${lines.length > 0 ? lineTable(estimate) : notPriced.map((entry) => html`<p>${notPricedText(entry)}</p>`)}
${priceDate === undefined ? undefined : html`<p class="dim">${provider}, oldest price of ${priceDate}.</p>`}
${conclusions(region).map((text) => html`<p>${text}</p>`)}
${measured ? measuredTable(estimate, measured) : undefined}
${curve ? volumeChart(curve, estimate) : undefined}
${alternatives ? alternativeTable(alternatives.options) : undefined}
</details>
`;
}

/** Where the page has a region's section. */
export function anchorOf({ stack, estimate }: StackRegion): string {
  return `${stack}/${estimate.region}`;
}

function lineTable(estimate: RegionReview["estimate"]): Html {
  const bill = billOf(estimate);
  const total = (name: string, amount: string): Cell[] => [name, amount, "", "", "", "", "", ""];
  return table({
    title: "Lines",
    head: [
      "Line",
      ">Monthly cost",
      ">Quantity",
      "Unit",
      ">Price",
      "Basis",
      "Paid by",
      "Price date, confidence",
    ],
    rows: estimate.lines.map(lineCells),
    foot: [
      total("We pay, fixed", usd(bill.fixed)),
      total("We pay, by usage", usd(bill.usage)),
      total("We pay", billed(bill)),
      total("The customers pay", usd(bill.customer)),
    ],
  });
}

function lineCells({ source, ...line }: CostLine): Cell[] {
  return [
    line.name,
    usd(line.monthlyCost),
    quantity(line.monthlyQuantity),
    line.unit,
    unitPrice(line.price),
    line.basis,
    line.paidBy,
    source ? html`<span title="${source.name}">${source.date}, ${source.confidence}</span>` : "",
  ];
}

function alternativeTable(options: readonly Alternative[]): Html {
  return table({
    title: "Alternatives",
    head: ["Way to serve the same", ">We pay", ">With the customers", "Fast enough", "As available", "Why"],
    rows: options.map((option) => [
      html`<span title="${option.what}">${option.name}</span>${option.chosen ? html` <i class="chosen">this one</i>` : undefined}`,
      usd(option.comparableUSD ?? notFound),
      usd(option.comparableAllUSD ?? notFound),
      option.meetsThroughput ? "yes" : "no",
      option.meetsAvailability ? "yes" : "no",
      html`<span class="wrap">${option.reason}</span>`,
    ]),
  });
}

function measuredTable(assumed: RegionReview["estimate"], { estimate, hours, savedUSD }: Measured): Html {
  const [then, now] = [billOf(assumed), billOf(estimate)];
  return table({
    title: "Assumed and measured",
    head: ["", ">Assumed", `>Measured over ${span(hours)}, as a month`],
    rows: [
      ["Pulled by the nodes", gib(assumed.usage.pulledGiB), gib(estimate.usage.pulledGiB)],
      ["Filled from the upstream", gib(assumed.usage.filledGiB), gib(estimate.usage.filledGiB)],
      ["We pay", billed(then), billed(now)],
      ["The customers pay", usd(then.customer), usd(now.customer)],
      ...(savedUSD === undefined ? [] : [["Saved in the measured time", "", usd(savedUSD)]]),
    ],
  });
}

function volumeChart({ volumesGiB, lines }: Curve, { usage, breakEven }: RegionReview["estimate"]): Html {
  const most = volumesGiB.at(-1) ?? 0;
  const even = breakEven?.usGiB;
  const marks: Mark[] = [
    { label: `assumed\n${gib(usage.pulledGiB)}`, x: usage.pulledGiB },
    ...(even !== undefined && even <= most ? [{ label: `break-even\n${gib(even)}`, x: even }] : []),
  ];
  return lineChart({
    title: "Monthly cost of each way to serve the nodes, against the volume that they pull",
    lines: lines.map(({ name, chosen, monthlyUSD }) => ({
      name: chosen ? `${name} (this one)` : name,
      chosen,
      points: monthlyUSD.map((amount, index) => [volumesGiB[index] ?? 0, amount] as const),
    })),
    marks,
    x: { label: "GiB pulled in a month", format: quantity },
    y: { label: "What we pay in a month, against the volume", format: (value) => `$${quantity(value)}` },
  });
}

function gib(value: number): string {
  return `${quantity(value)} GiB`;
}
