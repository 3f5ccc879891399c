import type { Problem } from "../../config/problems.ts";
import type { OwnClusterRegion } from "../../config/schema.ts";
import type { Findings } from "../kind.ts";
import type { Service } from "./services.ts";
import type { Surroundings } from "./surroundings.ts";
import { versionFindings } from "./versions.ts";

/** What is to be said of a region whose cluster the stack makes, by what is there of it. */
export function clusterFindings(
  region: OwnClusterRegion,
  service: Service,
  surroundings: Surroundings,
): Findings {
  const { problems, warnings } = versionFindings(service, { version: region.version, ...surroundings });
  const isNew = surroundings.previousVersion === undefined;
  return { problems: [...problems, ...(isNew ? emptyProblems(region) : [])], warnings };
}

/** What a new cluster hasn't got; later, somebody may have brought it. */
function emptyProblems({ operator, replicas }: OwnClusterRegion): Problem[] {
  const later = "a new cluster doesn't have: set it when the cluster exists and has that";
  const kinds = `takes the Prometheus Operator's kinds, which ${later}`;
  return [
    ...(operator.podMonitor ? [{ path: "operator.podMonitor", message: kinds }] : []),
    ...(operator.prometheusRule ? [{ path: "operator.prometheusRule", message: kinds }] : []),
    ...(replicas.connections === undefined
      ? []
      : [{ path: "replicas.connections", message: `takes the custom metrics API, which ${later}` }]),
  ];
}
