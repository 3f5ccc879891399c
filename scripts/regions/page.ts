import { type Html, html } from "../../components/monitoring/status-page/page/html.ts";
import { document, problemList } from "../output/document.ts";
import { table } from "../output/html-table.ts";
import { cellsOf, legendOf, titles, totalCost } from "./cells.ts";
import { type Fleet, type FleetRegion, nameOf } from "./fleet.ts";
import { sickLines } from "./table.ts";

/** The fleet as a self-contained HTML page. */
export function renderPage(fleet: Fleet): string {
  const { at, regions, problems } = fleet;
  const sick = sickLines(fleet);
  return document(
    "Registry caches",
    html`<header>
<h1>Registry caches</h1>
<p>As of ${at.slice(0, 16).replace("T", " ")} UTC.</p>
</header>
<main class="wide">
<dl class="cards">${cards(fleet)}</dl>
${problemList(problems)}
${sick.length > 0 ? html`<section class="problems"><h2>Not well</h2><ul>${sick.map((line) => html`<li>${line}</li>`)}</ul></section>` : undefined}
<section>
<h2>All regions</h2>
${table({
  title: "All regions",
  head: ["Region", ...titles],
  rows: regions.map((region) => [nameCell(region), ...pageCells(region)]),
  foot: regions.length > 1 ? [["All", ...titles.slice(1).map(() => ""), totalCost(fleet)]] : [],
})}
${legendOf(fleet).map((text) => html`<p class="dim">${text}</p>`)}
</section>
</main>`,
  );
}

function cards(fleet: Fleet): Html[] {
  const { regions } = fleet;
  const asked = regions.flatMap(({ health }) => health ?? []);
  const days = asked.flatMap(({ certificateDaysLeft }) => certificateDaysLeft ?? []);
  const figures = {
    regions: regions.length,
    "healthy, of those brought up": `${asked.filter(({ ok }) => ok).length} of ${asked.length}`,
    ...(days.length > 0 && { "days left of the next certificate": Math.min(...days) }),
    "USD a month": totalCost(fleet),
  };
  return Object.entries(figures).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
}

/** The region's name, with a link to its status page. */
function nameCell(region: FleetRegion): string | Html {
  const { statusPage } = region;
  if (statusPage === undefined || !/^https?:/.test(statusPage)) return nameOf(region);
  return html`<a href="${statusPage}">${nameOf(region)}</a>`;
}

/** Highlights problems. */
function pageCells(region: FleetRegion): (string | Html)[] {
  const isSick = region.health?.ok === false;
  return cellsOf(region).map((cell, index) =>
    isSick && titles[index] === "Health" ? html`<b class="alarm">${cell}</b>` : cell,
  );
}
