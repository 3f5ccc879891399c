import type { KubernetesRegion, OwnClusterRegion } from "../../config/schema.ts";
import type { ObjectStore } from "../../pod/store.ts";
import { ipv4Ranges } from "../address-family.ts";
import type { Handover } from "../kubernetes/handover.ts";
import { podsOf, rangesOf, type WorkloadRegion } from "../kubernetes/workload-args.ts";
import { issuerName } from "./cert-manager.ts";

export interface CloudOptions
  extends Pick<
    WorkloadRegion,
    "namespaceLabels" | "loadBalancerRanges" | "furtherClients" | "networkPolicies"
  > {
  readonly store: ObjectStore;
  /** Of the Service, as the cloud's load balancer reads them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** @default the cluster's */
  readonly loadBalancerClass?: string;
  /** What suits the cloud's load balancer. */
  readonly handover: Handover;
  /** @default anywhere */
  readonly scheduling?: KubernetesRegion["scheduling"];
}

const anywhere: KubernetesRegion["scheduling"] = { nodeSelector: {}, tolerations: [] };

/** The namespace of the workload, and of its identity. */
export const namespace = "registry-cache";

/** What the workload in a cluster of the region's own is made from. Its records are the stack's, too. */
export function workloadRegion(
  region: OwnClusterRegion,
  { store, annotations, loadBalancerClass, handover, scheduling = anywhere, ...options }: CloudOptions,
): WorkloadRegion {
  const { hostname, port, tls } = region.endpoint;
  return {
    ...region,
    namespace,
    endpoint: {
      hostname,
      port,
      tls: tls.mode === "acme" ? { mode: "issuer", name: issuerName, kind: "ClusterIssuer" } : tls,
    },
    access: {
      clients: ipv4Ranges(region.access.clients),
      metrics: [...ipv4Ranges(rangesOf(region.access.metrics)), ...podsOf(region.access.metrics)],
    },
    expose: {
      kind: "loadBalancer",
      externalDns: false,
      annotations: { ...annotations },
      labels: {},
      ...handover,
      ...(loadBalancerClass !== undefined && { class: loadBalancerClass }),
    },
    scheduling,
    storage: { kind: "bucket", store, scratchGiB: region.storage.scratchGiB },
    ...options,
  };
}
