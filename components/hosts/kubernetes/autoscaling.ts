import type { HorizontalPodAutoscaler, MetricSpec } from "kubernetes-types/autoscaling/v2.d.ts";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";
import type { Complete } from "./controller.ts";
import { selectorLabels, workloadMetadata, workloadName } from "./names.ts";
import { edgeContainer } from "./pod.ts";
import { mostReplicas, type WorkloadRegion } from "./workload-args.ts";

/** As many replicas as the edge's processor use, and where it is asked for its connections, ask for. */
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
      // The Pod's other containers have small requests: together with them, the edge's use would hardly show.
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

/** Nodes are drained one replica at a time; one that isn't ready holds nobody up. */
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
