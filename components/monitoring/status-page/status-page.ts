import { readFileSync } from "node:fs";

const page = readFileSync(new URL("status-page.html", import.meta.url), "utf8");

/** How the cache of a region does, for a browser: one page over Prometheus's HTTP API, beside which it must be served. */
export function statusPage(region: string): string {
  return page.replaceAll("{region}", region);
}
