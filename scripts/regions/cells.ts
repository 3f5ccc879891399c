/** The text of a region's cells, for all formats. */
import { usd } from "../../components/cost/line.ts";
import type { Health } from "../fleet/health.ts";
import type { Fleet, FleetRegion, RunningPod } from "./fleet.ts";
import { pinnedVersions, versionsCell } from "./versions.ts";

/** Columns by title. A `>` aligns the column to the right. */
const columns: Readonly<Record<string, (region: FleetRegion) => string>> = {
  Kind: ({ provider, topology }) => (provider === undefined ? topology : `${provider} ${topology}`),
  "Host name": ({ endpoint }) => endpoint.replace("https://", ""),
  Upstreams: ({ upstreams }) => upstreams.join(", "),
  "Last update": ({ updated, state }) => updated?.slice(0, 16).replace("T", " ") ?? state,
  Commit: commitCell,
  Health: ({ health }) => (health ? healthWord(health) : ""),
  ">Certificate": ({ health }) =>
    health?.certificateDaysLeft === undefined ? "" : `${health.certificateDaysLeft} d`,
  Pod: ({ pod }) => podCell(pod),
  Images: ({ versions, pod }) => versionsCell(versions, pod),
  File: fileCell,
  ">USD a month": costCell,
};

export const titles = Object.keys(columns);

/** In the order of {@link titles}. */
export function cellsOf(region: FleetRegion): string[] {
  return Object.values(columns).map((cell) => cell(region));
}

export function healthWord({ ok, reached, seconds }: Health): string {
  if (ok) return seconds === undefined ? "ok" : `ok, ${seconds.toFixed(2)} s`;
  return reached ? "unhealthy" : "not reached";
}

/** Digits of a hash, so that it fits into a row of eleven other cells. */
const digits = 8;

function commitCell({ commit }: FleetRegion): string {
  if (!commit) return "";
  const { head, isDirty, isComplete } = commit;
  // As `git describe --dirty` writes it.
  return `${head.slice(0, digits)}${isDirty ? "-dirty" : ""}${isComplete ? "" : ", failed"}`;
}

function podCell({ wanted, applied }: RunningPod = {}): string {
  const told = wanted === undefined ? [] : [`wanted ${wanted.slice(0, digits)}`];
  if (applied === undefined) return told.join();
  const isWanted = wanted === undefined || wanted.startsWith(applied);
  return [applied.slice(0, digits), ...(isWanted ? [] : told)].join(", ");
}

function fileCell({ state, changed }: FleetRegion): string {
  if (state !== "up") return "";
  if (changed === undefined) return "not compared";
  return changed.length === 0 ? "the same" : `changed: ${changed.join(", ")}`;
}

function costCell({ cost }: FleetRegion): string {
  if (!cost) return "";
  return `${cost.complete ? "" : "≥ "}${usd(cost.usd)}${cost.from === "file" ? " *" : ""}`;
}

/** The sum over all regions with an estimate. */
export function totalCost({ regions }: Fleet): string {
  const costs = regions.flatMap(({ cost }) => cost ?? []);
  const total = costs.reduce((sum, { usd }) => sum + usd, 0);
  return `${costs.every(({ complete }) => complete) ? "" : "≥ "}${usd(total)}`;
}

/** Explains the marks in the cells, one sentence each. */
export function legendOf({ regions }: Fleet): string[] {
  return [
    ...(regions.some(({ versions }) => versions) ? [pinnedVersions] : []),
    ...(regions.some(({ cost }) => cost?.from === "file")
      ? ["* estimated from the file: the stack isn't up, or its outputs can't be read."]
      : []),
  ];
}
