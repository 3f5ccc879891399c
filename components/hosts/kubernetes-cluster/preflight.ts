import { type Problem, problemIf } from "../../config/problems.ts";
import type { OwnClusterRegion } from "../../config/schema.ts";
import type { Findings } from "../kind.ts";
import type { Service } from "./services.ts";

/** What the checks of a created cluster need to know in addition to the region's configuration. */
export interface Surroundings {
  /** For example `2026-11-24`. */
  readonly today: string;
  /** Version of the region's existing cluster, such as `1.36` or `1.36.2`. @default there is no cluster yet */
  readonly previousVersion?: string | undefined;
}

/** Findings about a region whose cluster the stack creates. They depend on whether the cluster exists already. */
export function clusterFindings(
  region: OwnClusterRegion,
  service: Service,
  surroundings: Surroundings,
): Findings {
  const { problems, warnings } = versionFindings(service, { version: region.version, ...surroundings });
  const isNew = surroundings.previousVersion === undefined;
  return { problems: [...problems, ...(isNew ? emptyProblems(region) : [])], warnings };
}

/** Refuses settings that need software which a new cluster doesn't have. In an existing cluster, somebody may have installed it. */
function emptyProblems({ operator, replicas }: OwnClusterRegion): Problem[] {
  const later = "a new cluster doesn't have: set it when the cluster exists and has that";
  const kinds = `takes the Prometheus Operator's kinds, which ${later}`;
  return [
    ...problemIf(operator.podMonitor, "operator.podMonitor", kinds),
    ...problemIf(operator.prometheusRule, "operator.prometheusRule", kinds),
    ...problemIf(
      replicas.connections !== undefined,
      "replicas.connections",
      `takes the custom metrics API, which ${later}`,
    ),
  ];
}

/** Days before the end of support when the warning starts. An upgrade takes at most a day, but needs planning. */
const noticeDays = 60;

const path = "version";

/**
 * Findings about the Kubernetes version of a cluster that the stack creates.
 *
 * A new cluster is refused if the support of its version has ended. An existing cluster continues to work. It can be upgraded by one minor version at a time, and never downgraded:
 * https://learn.microsoft.com/azure/aks/upgrade-aks-cluster, https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
 */
export function versionFindings(
  { name, supportEnds }: Pick<Service, "name" | "supportEnds">,
  { version, today, previousVersion }: Surroundings & Pick<OwnClusterRegion, "version">,
): Findings {
  const refused = (message: string) => ({ problems: [{ path, message }], warnings: [] });
  const has = previousVersion === undefined ? undefined : minorOf(previousVersion);
  const wanted = minorOf(version);
  if (has !== undefined && wanted < has)
    return refused(`the cluster has 1.${has}, and can't go back to ${version}`);
  if (has !== undefined && wanted > has + 1) {
    return refused(
      `the cluster has 1.${has}, and goes up by one minor version at a time: set 1.${has + 1} first`,
    );
  }
  const end = supportEnds[version];
  if (end === undefined) {
    const known = Object.keys(supportEnds).filter((it) => (supportEnds[it] ?? "") >= today);
    const message = `whether ${name} supports Kubernetes ${version}, and until when, isn't known here: ${name} refuses it if not. Known are ${known.join(", ")}`;
    return { problems: [], warnings: [{ path, message }] };
  }
  const isOver = end < today;
  if (isOver && has === undefined) {
    return refused(`${name}'s support of Kubernetes ${version} ended on ${end}: set a later one`);
  }
  if (Date.parse(end) - Date.parse(today) > noticeDays * 86_400_000) return { problems: [], warnings: [] };
  const message = `${name}'s support of Kubernetes ${version} ${isOver ? "ended" : "ends"} on ${end}: set a later one, docs/kubernetes.md says how`;
  return { problems: [], warnings: [{ path, message }] };
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}
