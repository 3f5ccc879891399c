import type { Problem } from "../../components/config/problems.ts";
import type { Commit } from "../fleet/backend.ts";
import type { Health } from "../fleet/health.ts";

/** What is known about all regions. */
export interface Fleet {
  /** Time of the requests, ISO 8601. */
  readonly at: string;
  /** Sorted by stack. */
  readonly regions: readonly FleetRegion[];
  /** What couldn't be found out. Paths start with a file's or a stack's name. */
  readonly problems: readonly Problem[];
}

export interface FleetRegion {
  readonly stack: string;
  readonly region: string;
  /** `aws`. Undefined if there is no file and an older version of the program wrote the outputs. */
  readonly provider: string | undefined;
  readonly topology: string;
  /** URL that clients use. */
  readonly endpoint: string;
  /** URL. Set if the region was brought up and allows somebody to read its metrics. */
  readonly statusPage?: string;
  /** The registries that the region serves. */
  readonly upstreams: readonly string[];
  /** The state in the backend. `not up`: never brought up, or destroyed. `unknown`: the backend can't be read. */
  readonly state: "up" | "not up" | "unknown";
  /** Time of the stack's last update, ISO 8601, if it is up. */
  readonly updated?: string;
  /** Set if the stack is up, and its history says it. */
  readonly commit?: Commit;
  /** What differs between its file and the last update: see changedSince(). Undefined if there is nothing to compare. */
  readonly changed?: readonly string[];
  /** Set if the region was brought up and its Pod could be read. */
  readonly pod?: RunningPod;
  /** From the stack's file. */
  readonly versions?: Versions;
  /** Set if the region was brought up. */
  readonly health?: Health;
  /** What we pay per month, in USD. @default no estimate */
  readonly cost?: MonthlyCost;
}

/** Image tags by container. For an image without a tag, the first digits of its digest. */
export type Versions = Readonly<Record<string, string>>;

export interface RunningPod {
  /** The digest of the Pod that the region should run, and of the Pod that it runs; or their first digits. */
  readonly wanted?: string;
  readonly applied?: string;
}

export interface MonthlyCost {
  readonly usd: number;
  /** Whether all prices are known. */
  readonly complete: boolean;
  /** From the last update's outputs or, if the stack isn't up or its outputs can't be read, from its file. */
  readonly from: "outputs" | "file";
}

/** A region's name among the regions of all stacks. Usually the stack's name already contains it. */
export function nameOf({ stack, region }: Pick<FleetRegion, "stack" | "region">): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}
