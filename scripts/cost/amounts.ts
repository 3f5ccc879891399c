import { notFound, usd as usdText } from "../../components/cost/line.ts";

/** `$1,234.56`, `-$0.50`, `not found`. */
export function usd(amount: number | typeof notFound): string {
  return amount === notFound ? notFound : usdText(amount);
}

/** A change: `+$57.90`, `-$0.50`, `$0.00`. */
export function change(amount: number | typeof notFound): string {
  const text = usd(amount);
  return amount !== notFound && amount > 0 && text !== "$0.00" ? `+${text}` : text;
}

/** What one unit costs, with all its digits: `$0.0978`, `$0.0000004`. */
export function unitPrice(price: number | typeof notFound): string {
  if (price === notFound) return notFound;
  return `$${price.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 10 })}`;
}

/** How much of a unit: with few decimals where it is small, with none where it is large. */
export function quantity(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value >= 1000 ? 0 : value >= 1 ? 2 : 4 });
}

/** A relation of two amounts: `+29%`; nothing where there is none to say. */
export function percentChange(from: number, to: number): string {
  if (from <= 0) return "";
  const percent = Math.round((to / from - 1) * 100);
  return `${percent > 0 ? "+" : ""}${percent}%`;
}

export function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
