import type { Service, Sysctl } from "kubernetes-types/core/v1.d.ts";
import { objectLabels, selectorLabels, withoutWaiting, workloadName } from "./names.ts";
import type { PodSelector, WorkloadRegion } from "./workload-args.ts";

/** Where a replica answers the others in its Pod: plain HTTP, from the replicas alone. */
export const peerPort = 8444;

export function sharesBlobs({ replicas }: Pick<WorkloadRegion, "replicas">): boolean {
  return replicas.sharing === "hash";
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id */
function podName(replica: number): string {
  return `${workloadName}-${replica}`;
}

function podNames({ replicas }: WorkloadRegion): string[] {
  return Array.from({ length: replicas.min }, (_, replica) => podName(replica));
}

/**
 * Of all replicas. Each name is that of a Service, and in the Pod itself, where /etc/hosts has it, that of the Pod: so a replica reaches itself without the network.
 * https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
 */
export function peersOf(region: WorkloadRegion) {
  return { port: peerPort, servers: podNames(region).map((name) => `${name}:${peerPort}`) };
}

/**
 * One for each replica. nginx looks a name up when it starts, so it needs an address that stays while Pods come and go. As long as its Pod isn't ready, a Service refuses connections,
 * and others are asked at once.
 */
export function peerServices(region: WorkloadRegion): Service[] {
  if (!sharesBlobs(region)) return [];
  return podNames(region).map((name) => ({
    apiVersion: "v1",
    kind: "Service",
    // They are there before the Pods.
    metadata: {
      name,
      namespace: region.namespace,
      labels: objectLabels(region.name),
      annotations: withoutWaiting,
    },
    spec: {
      selector: { ...selectorLabels(region.name), "statefulset.kubernetes.io/pod-name": name },
      ports: [{ name: "peers", port: peerPort }],
    },
  }));
}

/** The replicas themselves. */
export function peerPods({ name, namespace }: WorkloadRegion): PodSelector {
  return {
    namespaceLabels: { "kubernetes.io/metadata.name": namespace },
    podLabels: selectorLabels(name),
  };
}

/**
 * A replica may be silent while it fills its cache. If its machine vanishes meanwhile, the one that waits notices within 25 s, by packets that aren't answered. These are namespaced, and safe since
 * Kubernetes 1.29: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
 */
export const peerSysctls: Sysctl[] = [
  { name: "net.ipv4.tcp_keepalive_time", value: "10" },
  { name: "net.ipv4.tcp_keepalive_intvl", value: "5" },
  { name: "net.ipv4.tcp_keepalive_probes", value: "3" },
];
