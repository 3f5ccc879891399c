import type { KubernetesRegion, OwnClusterRegion } from "../../config/schema.ts";
import type { ObjectStore } from "../../pod/store.ts";
import { ipv4Ranges } from "../address-family.ts";
import type { Handover } from "../kubernetes/handover.ts";
import { podsOf, rangesOf, type WorkloadRegion } from "../kubernetes/workload-args.ts";
import { issuerName } from "./cert-manager.ts";

export interface CloudOptions
  extends Pick<WorkloadRegion, "loadBalancerRanges" | "furtherClients" | "networkPolicies"> {
  readonly store: ObjectStore;
  /** Annotations of the Service, which the cloud's load balancer controller reads. */
  readonly annotations: Readonly<Record<string, string>>;
  /** @default the cluster's default class */
  readonly loadBalancerClass?: string;
  /** Times that suit the cloud's load balancer. */
  readonly handover: Handover;
  /** @default any node */
  readonly scheduling?: KubernetesRegion["scheduling"];
  /** For the cloud's controllers. @default none */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
}

const anywhere: KubernetesRegion["scheduling"] = { nodeSelector: {}, tolerations: [] };
const usualPods = { labels: {}, annotations: {}, imagePullSecrets: [], readinessGates: [], resources: {} };

/** Namespace of the workload. The workload's cloud identity is bound to it. */
export const namespace = "registry-cache";

/** The workload's region in a cluster that the stack creates. external-dns isn't used, because the stack creates the DNS records, too. */
export function workloadRegion(
  region: OwnClusterRegion,
  {
    store,
    annotations,
    loadBalancerClass,
    handover,
    scheduling = anywhere,
    namespaceLabels: labels = {},
    ...options
  }: CloudOptions,
): WorkloadRegion {
  const { hostname, port, tls } = region.endpoint;
  return {
    ...region,
    namespace: { name: namespace, create: true, labels, annotations: {} },
    pods: usualPods,
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
