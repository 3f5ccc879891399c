/** The public API for other Pulumi programs: docs/package.md. */
export { type Caches, type CachesOptions, createCaches } from "./caches.ts";
export type { ClientConfiguration } from "./clients/clients.ts";
export type { Credentials, Token } from "./config/credentials.ts";
export { type LoadedConfig, loadConfig, readConfig } from "./config/load.ts";
export type { AnyRegion, RegionKind, Regions, StackConfig, StackInput, Upstream } from "./config/schema.ts";
export type { RegionEstimate } from "./cost/estimate.ts";
export type { CentralMonitoring } from "./monitoring/central.ts";
export type { CacheOutputs, RegionalCache } from "./regional-cache.ts";
