import type { Problem } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { PlanRequest } from "../kind.ts";
import { familyProblems } from "./families.ts";
import { sharesBlobs } from "./peers.ts";
import { mostReplicas, type WorkloadRegion } from "./workload-args.ts";

/**
 * What is wrong with a workload, whoever the cluster belongs to, found without asking it.
 * @returns problems whose path is relative to the region.
 */
export function workloadProblems(
  region: Pick<WorkloadRegion, "access" | "operator" | "replicas"> & {
    readonly storage: Pick<WorkloadRegion["storage"], "kind">;
  },
): Problem[] {
  const { access, operator, replicas, storage } = region;
  const scales = mostReplicas(region) > replicas.min;
  const problems: Problem[] = [];
  if (scales && storage.kind === "disk") {
    const message =
      "replicas that come and go can't share disks: leave it out, or use a bucket (`storage: { kind: bucket }`)";
    problems.push({ path: "replicas.max", message });
  }
  if (sharesBlobs(region)) problems.push(...sharingProblems(region));
  if (!scales && replicas.connections !== undefined) {
    const message = "adds no replica as long as `max` is not more than `min`";
    problems.push({ path: "replicas.connections", message });
  }
  if (operator.podMonitor && access.metrics.length === 0) {
    const message =
      "is empty, and the PodMonitor's Prometheus must be in it: write the labels or the address range of its Pods";
    problems.push({ path: "access.metrics", message });
  }
  return problems;
}

function sharingProblems({ replicas, storage }: Parameters<typeof workloadProblems>[0]): Problem[] {
  const path = "replicas.sharing";
  if (storage.kind === "bucket") {
    return [
      { path, message: "can be `hash` only with volumes: in a bucket, replicas share all that there is" },
    ];
  }
  if (replicas.min > 1) return [];
  return [{ path, message: "can be `hash` only with two replicas or more: set `replicas.min`" }];
}

/** prefetch.sh looks into the replica's own cache for what is missing, and would fetch what others keep in each round. */
const prefetchProblem: Problem = {
  path: "replicas.sharing",
  message: "can't be `hash` together with `prefetch`: leave one of them out",
};

/** The same for a region in an existing cluster. */
export function preflight({
  region,
  prefetch,
}: Pick<PlanRequest<KubernetesRegion>, "region" | "prefetch">): Problem[] {
  return [
    ...workloadProblems(region),
    ...(prefetch && sharesBlobs(region) ? [prefetchProblem] : []),
    ...exposureProblems(region),
    ...familyProblems(region),
    ...identityProblems(region),
  ];
}

/** Of IRSA: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
export const roleAnnotation = "eks.amazonaws.com/role-arn";

/** distribution takes the address of a bucket for that of STS, too: ADR 12. */
function identityProblems({ storage, serviceAccount }: KubernetesRegion): Problem[] {
  if (!("s3" in storage) || storage.s3.endpoint === undefined) return [];
  if (storage.s3.credentials !== undefined || !(roleAnnotation in serviceAccount.annotations)) return [];
  const message = `can't be said together with ${roleAnnotation}: leave it out, or use EKS Pod Identity`;
  return [{ path: "storage.s3.endpoint", message }];
}

function exposureProblems({ endpoint, expose }: KubernetesRegion): Problem[] {
  const { tls, port } = endpoint;
  const problems: Problem[] = [];
  if (expose.kind === "ingress" && port !== 443) {
    problems.push({ path: "endpoint.port", message: "must be 443: an Ingress has no other for TLS" });
  }
  if ((expose.kind === "gateway") !== (tls.mode === "gateway")) {
    const message =
      expose.kind === "gateway"
        ? "must be `gateway`: the Gateway ends TLS with a certificate of its own"
        : "can be `gateway` only with `expose: { kind: gateway, … }`";
    problems.push({ path: "endpoint.tls.mode", message });
  }
  return problems;
}
