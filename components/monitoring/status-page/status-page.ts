import { readFileSync } from "node:fs";

/** How the cache does, for a browser: one page over Prometheus's HTTP API, beside which it must be served. */
export const statusPage = readFileSync(new URL("status-page.html", import.meta.url), "utf8");
