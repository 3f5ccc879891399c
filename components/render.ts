/** The pure functions behind the caches. They return text and plain objects, create no resources and call no provider: docs/package.md */
export { type ClientConfiguration, clientConfiguration } from "./clients/clients.ts";
export { parseConfig } from "./config/parse.ts";
export { type PodPorts, podPorts } from "./config/ports.ts";
export { ConfigError, type Problem } from "./config/problems.ts";
export type { AnyRegion, RegionKind, Regions, StackConfig, StackInput, Upstream } from "./config/schema.ts";
export { dashboard } from "./monitoring/dashboard/dashboard.ts";
export { ruleGroups } from "./monitoring/rules/rule-groups.ts";
export { type DiskBudget, diskBudget, ownDiskBudget, scratchBudget } from "./pod/edge/budget.ts";
export { configured, type PodOptions } from "./pod/options.ts";
export { type PodManifests, renderPod } from "./pod/pod.ts";
export type { ObjectStore } from "./pod/store.ts";
