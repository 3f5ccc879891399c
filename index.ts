import { createCaches, loadConfig } from "./components/index.ts";

const { regions, cost: estimates } = await createCaches(loadConfig());
const made = Object.entries(regions);

/** By region: where the cache is and what it serves. */
export const caches = Object.fromEntries(made.map(([name, { cache }]) => [name, cache]));

/** By region: the configuration for each kind of client. */
export const clients = Object.fromEntries(made.map(([name, { clients }]) => [name, clients]));

/** By region: what a central Prometheus needs to scrape the cache and alert on it. See docs/metrics.md. */
export const monitoring = Object.fromEntries(made.map(([name, { monitoring }]) => [name, monitoring]));

/** By region: the estimated monthly cost. See docs/cost.md. */
export const cost = estimates;
