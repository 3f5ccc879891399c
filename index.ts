import { createCaches, loadConfig } from "./components/index.ts";

const { regions, cost: estimates } = await createCaches(loadConfig());
const made = Object.entries(regions);

/** Per region where the cache is and what it serves. */
export const caches = Object.fromEntries(made.map(([name, { cache }]) => [name, cache]));

/** Per region the configuration of each kind of client. */
export const clients = Object.fromEntries(made.map(([name, { clients }]) => [name, clients]));

/** Per region what a central Prometheus needs: docs/metrics.md. */
export const monitoring = Object.fromEntries(made.map(([name, { monitoring }]) => [name, monitoring]));

/** Per region what it costs in a month, by estimate: docs/cost.md. */
export const cost = estimates;
