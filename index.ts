import { loadConfig, namespaceWarnings } from "./components/config/load.ts";
import { moreMayFollow, withinRegions } from "./components/config/problems.ts";
import { refuse, warn } from "./components/config/refuse.ts";
import { configWarnings } from "./components/config/warnings.ts";
import { priceBook } from "./components/cost/prices/price-book.ts";
import { stackCost } from "./components/cost/stack-cost.ts";
import { loadDriver } from "./components/hosts/drivers.ts";
import { RegionalCache } from "./components/regional-cache.ts";

const config = loadConfig();
const { provider, regions, credentials, remoteWriteCredentials } = config;
const shared = {
  upstreams: config.upstreams,
  images: config.images,
  monitoring: config.monitoring,
  workload: config.workload,
};
const driver = await loadDriver(provider);
const estimate = stackCost(config, priceBook, new Date().toISOString().slice(0, 10));

warn([...namespaceWarnings(), ...configWarnings(config), ...estimate.warnings]);
const preflights = await Promise.all(regions.map((region) => driver.preflight({ region, ...shared })));
refuse([...withinRegions(preflights), ...estimate.problems], driver.lookUp && moreMayFollow.lookUp);

const prepared = await Promise.all(
  regions.map(async (region) => {
    const own = driver.createProvider?.(region);
    const { found, problems = [] } = (own && (await driver.lookUp?.({ region, ...shared }, own))) ?? {};
    return { region, own, found, problems };
  }),
);
refuse(withinRegions(prepared.map(({ problems }) => problems)));

const built = prepared.map(({ region, own, found }) => {
  const args = { driver, region, found, ...shared, credentials, remoteWriteCredentials };
  return [region.name, new RegionalCache(args, own ? { providers: [own] } : {})] as const;
});

/** Per region where the cache is and what it serves. */
export const caches = Object.fromEntries(built.map(([name, { cache }]) => [name, cache]));

/** Per region the configuration of each kind of client. */
export const clients = Object.fromEntries(built.map(([name, { clients }]) => [name, clients]));

/** Per region what a central Prometheus needs: docs/metrics.md. */
export const monitoring = Object.fromEntries(built.map(([name, { monitoring }]) => [name, monitoring]));

/** Per region what it costs in a month, by estimate: docs/cost.md. */
export const cost = estimate.regions;
