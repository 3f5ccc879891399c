import { columns } from "../output/columns.ts";
import { cellsOf, legendOf, titles, totalCost } from "./cells.ts";
import { type Fleet, nameOf } from "./fleet.ts";

/** Renders the fleet for a terminal. */
export function renderTable(fleet: Fleet): string {
  const { regions } = fleet;
  if (regions.length === 0) return "";
  const rows = regions.map((region) => [nameOf(region), ...cellsOf(region)]);
  const total = ["All", ...titles.slice(1).map(() => ""), totalCost(fleet)];
  return [
    columns(["Region", ...titles], regions.length > 1 ? [...rows, [], total] : rows),
    sickLines(fleet),
    legendOf(fleet),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

/** The problems of unhealthy regions. */
export function sickLines({ regions }: Fleet): string[] {
  return regions.flatMap((region) =>
    region.health && !region.health.ok ? [`${nameOf(region)}: ${region.health.problems.join("; ")}`] : [],
  );
}
