import type { Problem } from "../../components/config/problems.ts";
import type { Health } from "../fleet/health.ts";

/** What is known of all regions. */
export interface Fleet {
  /** When it was asked, ISO 8601. */
  readonly at: string;
  /** By stack. */
  readonly regions: readonly FleetRegion[];
  /** What couldn't be found out. Paths start with a file's or a stack's name. */
  readonly problems: readonly Problem[];
}

export interface FleetRegion {
  readonly stack: string;
  readonly region: string;
  /** `aws`; undefined where only an older version of the program could tell. */
  readonly provider: string | undefined;
  readonly topology: string;
  /** URL that clients ask. */
  readonly endpoint: string;
  /** URL; of a region that was brought up, where somebody may read its metrics. */
  readonly statusPage?: string;
  /** The registries that it serves. */
  readonly upstreams: readonly string[];
  /** By the backend; `not up`: never brought up, or taken down. `unknown`: the backend can't be asked. */
  readonly state: "up" | "not up" | "unknown";
  /** When its stack was brought up last, ISO 8601; of one that is up. */
  readonly updated?: string;
  /** What its file has now otherwise than at the last update; undefined where there is nothing to compare. See changedSince(). */
  readonly changed?: readonly string[];
  /** Of a region that was brought up, as far as it could be read. */
  readonly pod?: RunningPod;
  /** By its file. */
  readonly versions?: Versions;
  /** Of a region that was brought up. */
  readonly health?: Health;
  /** What we pay in a month, USD. @default no estimate */
  readonly cost?: MonthlyCost;
}

/** Tags of images by container; of one without a tag, the first digits of its digest. */
export type Versions = Readonly<Record<string, string>>;

export interface RunningPod {
  /** The digest of the Pod that the region is told to run, and of the one that it runs; or the first digits. */
  readonly wanted?: string;
  readonly applied?: string;
}

export interface MonthlyCost {
  readonly usd: number;
  /** Whether all prices are known. */
  readonly complete: boolean;
  /** By the last update, or by the file, where the stack was never brought up. */
  readonly from: "outputs" | "file";
}

/** What a region is called among those of all stacks: mostly its stack has its name already. */
export function nameOf({ stack, region }: Pick<FleetRegion, "stack" | "region">): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}
