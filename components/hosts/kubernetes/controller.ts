import type { Deployment, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { HorizontalPodAutoscaler, MetricSpec } from "kubernetes-types/autoscaling/v2.d.ts";
import type { PersistentVolumeClaim, PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import { handoverOf } from "./handover.ts";
import {
  claimName,
  dataVolume,
  selectorLabels,
  withoutWaiting,
  workloadMetadata,
  workloadName,
} from "./names.ts";
import { claimSpec, edgeContainer } from "./pod.ts";
import { mostReplicas, type WorkloadRegion } from "./workload-args.ts";

/** A manifest in which `kind` and `spec` aren't optional. */
type Complete<Kind extends { kind?: unknown; spec?: unknown }> = Kind & Required<Pick<Kind, "kind" | "spec">>;

/** The object that runs the replicas, and their volumes. */
export interface Controller {
  readonly workload: Complete<Deployment> | Complete<StatefulSet>;
  /** One per replica if each replica has its own volume. */
  readonly claims: readonly PersistentVolumeClaim[];
}

const surgePercent = 25;

/** How many replicas with a bucket a roll-out starts before it ends old ones. */
export function surgeOf(replicas: number): number {
  return Math.ceil((replicas * surgePercent) / 100);
}

/**
 * A bucket's replicas are a Deployment. A roll-out starts additional Pods first, so the number of ready Pods never drops.
 *
 * Replicas with volumes are a StatefulSet, which replaces one after the other. The claims are objects of the stack, because a StatefulSet can't grow the claims of its template. The
 * StatefulSet adopts existing claims by their names.
 * @param diskGiB size of each replica's disk
 */
export function controller(region: WorkloadRegion, template: PodTemplateSpec, diskGiB: number): Controller {
  const { storage } = region;
  const metadata = workloadMetadata(region);
  const common = {
    replicas: region.replicas.min,
    selector: { matchLabels: selectorLabels(region.name) },
    minReadySeconds: handoverOf(region).minReadySeconds,
  };
  if (storage.kind === "bucket") {
    const strategy = {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: `${surgePercent}%` },
    };
    const spec = { ...common, strategy, template };
    return { workload: { apiVersion: "apps/v1", kind: "Deployment", metadata, spec }, claims: [] };
  }
  const claim = claimSpec(diskGiB, storage.class);
  const spec = {
    ...common,
    serviceName: workloadName,
    podManagementPolicy: "Parallel",
    updateStrategy: { type: "RollingUpdate" },
    template,
    volumeClaimTemplates: [{ metadata: { name: dataVolume }, spec: claim }],
  };
  return {
    workload: { apiVersion: "apps/v1", kind: "StatefulSet", metadata, spec },
    claims: Array.from({ length: region.replicas.min }, (_, replica) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      // With most StorageClasses, a claim is bound only when a Pod uses it, so Pulumi must not wait for that.
      metadata: { ...metadata, name: claimName(replica), annotations: withoutWaiting },
      spec: claim,
    })),
  };
}

/** Scales the replicas by the edge's CPU use, and by its connections if `replicas.connections` is set. */
export function autoscaler(region: WorkloadRegion): Complete<HorizontalPodAutoscaler> | undefined {
  const { replicas } = region;
  if (mostReplicas(region) === replicas.min) return undefined;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: workloadMetadata(region),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: workloadName },
      minReplicas: replicas.min,
      maxReplicas: mostReplicas(region),
      metrics: metrics(region),
    },
  };
}

function metrics({ replicas }: WorkloadRegion): MetricSpec[] {
  return [
    {
      // The other containers have small requests. In an average over the whole Pod, the edge's use would hardly show.
      type: "ContainerResource",
      containerResource: {
        name: "cpu",
        container: edgeContainer,
        target: { type: "Utilization", averageUtilization: replicas.cpuPercent },
      },
    },
    ...(replicas.connections === undefined
      ? []
      : [
          {
            type: "Pods",
            pods: {
              metric: {
                name: "registry_cache_connections",
                selector: { matchLabels: { state: "active" } },
              },
              target: { type: "AverageValue", averageValue: String(replicas.connections) },
            },
          },
        ]),
  ];
}

/** Drains nodes one replica at a time. A replica that isn't ready doesn't block a drain. */
export function disruptionBudget(region: WorkloadRegion): PodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: workloadMetadata(region),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorLabels(region.name) },
    },
  };
}
