import { type Problem, problemIf } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { PlanRequest } from "../kind.ts";
import { familyProblems } from "./families.ts";
import { roleAnnotation } from "./names.ts";
import { sharesBlobs } from "./peers.ts";
import { mostReplicas, type WorkloadRegion } from "./workload-args.ts";

/**
 * Finds problems of a workload without asking the cluster. Applies to existing and to created clusters.
 * @returns problems whose path is relative to the region
 */
export function workloadProblems(
  region: Pick<WorkloadRegion, "access" | "operator" | "replicas"> & {
    readonly storage: Pick<WorkloadRegion["storage"], "kind">;
  },
): Problem[] {
  const { access, operator, replicas, storage } = region;
  const scales = mostReplicas(region) > replicas.min;
  const isBucket = storage.kind === "bucket";
  const shares = sharesBlobs(region);
  return [
    ...problemIf(
      scales && !isBucket,
      "replicas.max",
      "replicas that come and go can't share disks: leave it out, or use a bucket (`storage: { kind: bucket }`)",
    ),
    ...problemIf(
      shares && isBucket,
      "replicas.sharing",
      "can be `hash` only with volumes: in a bucket, replicas share all that there is",
    ),
    ...problemIf(
      shares && !isBucket && replicas.min < 2,
      "replicas.sharing",
      "can be `hash` only with two replicas or more: set `replicas.min`",
    ),
    ...problemIf(
      !scales && replicas.connections !== undefined,
      "replicas.connections",
      "adds no replica as long as `max` is not more than `min`",
    ),
    ...problemIf(
      operator.podMonitor && access.metrics.length === 0,
      "access.metrics",
      "is empty, and the PodMonitor's Prometheus must be in it: write the labels or the address range of its Pods",
    ),
  ];
}

/** Also checks the settings that only a region in an existing cluster has. */
export function regionProblems({
  region,
  prefetch,
}: Pick<PlanRequest<KubernetesRegion>, "region" | "prefetch">): Problem[] {
  const { storage, serviceAccount } = region;
  return [
    ...workloadProblems(region),
    // prefetch.sh looks for missing images in its replica's own cache. With `hash`, it would fetch the blobs of the other replicas again in each round.
    ...problemIf(
      prefetch !== undefined && sharesBlobs(region),
      "replicas.sharing",
      "can't be `hash` together with `prefetch`: leave one of them out",
    ),
    ...exposureProblems(region),
    ...familyProblems(region),
    // With IRSA, distribution would also send STS requests to the bucket's endpoint: ADR 12.
    ...problemIf(
      "s3" in storage &&
        storage.s3.endpoint !== undefined &&
        storage.s3.credentials === undefined &&
        roleAnnotation in serviceAccount.annotations,
      "storage.s3.endpoint",
      `can't be said together with ${roleAnnotation}: leave it out, or use EKS Pod Identity`,
    ),
  ];
}

function exposureProblems({ endpoint, expose }: KubernetesRegion): Problem[] {
  const { tls, port } = endpoint;
  const isGateway = expose.kind === "gateway";
  return [
    ...problemIf(
      expose.kind === "ingress" && port !== 443,
      "endpoint.port",
      "must be 443: an Ingress has no other for TLS",
    ),
    ...problemIf(
      isGateway !== (tls.mode === "gateway"),
      "endpoint.tls.mode",
      isGateway
        ? "must be `gateway`: the Gateway ends TLS with a certificate of its own"
        : "can be `gateway` only with `expose: { kind: gateway, … }`",
    ),
  ];
}
