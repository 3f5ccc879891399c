import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "./components/config/load.ts";
import { ConfigError, within } from "./components/config/problems.ts";
import { loadDriver } from "./components/hosts/drivers.ts";
import { RegionalCache } from "./components/regional-cache.ts";

const { provider, regions, credentials, ...config } = loadConfig();
const shared = {
  upstreams: config.upstreams,
  images: config.images,
  monitoring: config.monitoring,
  workload: config.workload,
};
const driver = await loadDriver(provider);

const problems = await Promise.all(
  regions.map(async (region, index) =>
    within(`regions[${index}]`, await driver.preflight({ region, ...shared })),
  ),
);
if (problems.flat().length > 0) throw new pulumi.RunError(new ConfigError(problems.flat()).message);

const built = regions.map((region) => {
  const own = driver.createProvider?.(region);
  const args = { driver, region, ...shared, credentials };
  return [region.name, new RegionalCache(args, own ? { providers: [own] } : {})] as const;
});

/** Per region where the cache is and what it serves. */
export const caches = Object.fromEntries(built.map(([name, { cache }]) => [name, cache]));

/** Per region the configuration of each kind of client. */
export const clients = Object.fromEntries(built.map(([name, { clients }]) => [name, clients]));
