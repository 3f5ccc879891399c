import type { Price } from "../../components/cost/prices/price-book.ts";
import { columns } from "../cost/columns.ts";
import type { Renewal } from "./renewal.ts";

/** What a renewal changed, as text. */
export function changesTable({ changes, confirmed }: Pick<Renewal, "changes" | "confirmed">): string {
  const summary = `${confirmed} prices confirmed, ${changes.length} changed or unclear`;
  if (changes.length === 0) return `${summary}\n`;
  const rows = changes.map(({ region, item, before, after, problem }) => [
    region,
    item,
    amount(before),
    after ? amount(after) : "kept",
    after ? difference(before, after) : (problem ?? ""),
  ]);
  const titles = ["Region", "What", ">Before", ">Now", ""];
  return `${[...columns(titles, rows), "", summary].join("\n")}\n`;
}

function amount(price: Price | undefined): string {
  if (!price) return "–";
  const amounts = price.tiers?.map((tier) => tier.price) ?? [price.price];
  return `${amounts.join(" / ")} per ${price.unit}`;
}

function difference(before: Price | undefined, after: Price): string {
  if (!before) return "new";
  if (before.price === undefined || after.price === undefined || before.unit !== after.unit) return "changed";
  const percent = (after.price / before.price - 1) * 100;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(1)} %`;
}
