import type { Service, Sysctl } from "kubernetes-types/core/v1.d.ts";
import { objectLabels, selectorLabels, withoutWaiting, workloadName } from "./names.ts";
import type { PodSelector, WorkloadRegion } from "./workload-args.ts";

/** The port of a replica for the other replicas: plain HTTP, open only to them. */
export const peerPort = 8444;

export function sharesBlobs({ replicas }: Pick<WorkloadRegion, "replicas">): boolean {
  return replicas.sharing === "hash";
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id */
function podNames({ replicas }: WorkloadRegion): string[] {
  return Array.from({ length: replicas.min }, (_, replica) => `${workloadName}-${replica}`);
}

/**
 * The addresses of all replicas. Each name is a Service's name. Inside the Pod itself, /etc/hosts maps the same name to the Pod, so a replica reaches itself without the network.
 * https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
 */
export function peersOf(region: WorkloadRegion) {
  return { port: peerPort, servers: podNames(region).map((name) => `${name}:${peerPort}`) };
}

/**
 * One Service per replica. nginx resolves names only when it starts, so each replica needs an address that doesn't change with its Pods. While a replica's Pod isn't ready, its Service
 * refuses connections, and nginx tries another replica immediately.
 */
export function peerServices(region: WorkloadRegion): Service[] {
  if (!sharesBlobs(region)) return [];
  return podNames(region).map((name) => ({
    apiVersion: "v1",
    kind: "Service",
    // The Services are created before their Pods, so Pulumi must not wait for endpoints.
    metadata: {
      name,
      namespace: region.namespace.name,
      labels: objectLabels(region.name),
      annotations: withoutWaiting,
    },
    spec: {
      selector: { ...selectorLabels(region.name), "statefulset.kubernetes.io/pod-name": name },
      ports: [{ name: "peers", port: peerPort }],
    },
  }));
}

/** Selects the replicas themselves. */
export function peerPods({ name, namespace }: WorkloadRegion): PodSelector {
  return {
    namespaceLabels: { "kubernetes.io/metadata.name": namespace.name },
    podLabels: selectorLabels(name),
  };
}

/**
 * A replica can be silent while it fills its cache. If its machine disappears, keep-alive packets without an answer reveal it to the waiting replica within 25 s. These sysctls are namespaced, and
 * safe since Kubernetes 1.29: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
 */
export const peerSysctls: Sysctl[] = [
  { name: "net.ipv4.tcp_keepalive_time", value: "10" },
  { name: "net.ipv4.tcp_keepalive_intvl", value: "5" },
  { name: "net.ipv4.tcp_keepalive_probes", value: "3" },
];
