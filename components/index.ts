/** What other programs use: docs/package.md. */
export { type Caches, createCaches } from "./caches.ts";
export type { Credentials, Token } from "./config/credentials.ts";
export { type LoadedConfig, loadConfig, readConfig } from "./config/load.ts";
export type { AnyRegion, RegionKind, Regions, StackConfig, StackInput, Upstream } from "./config/schema.ts";
export { RegionalCache, type RegionalCacheArgs } from "./regional-cache.ts";
