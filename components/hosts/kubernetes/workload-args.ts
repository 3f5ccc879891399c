import type * as pulumi from "@pulumi/pulumi";
import type { ReplicaPlan } from "../../capacity/plan-replica.ts";
import { everyone } from "../../config/access.ts";
import type { Credentials, Secrets } from "../../config/credentials.ts";
import type { CommonKeys } from "../../config/region.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { ObjectStore } from "../../pod/store.ts";
import type { RegionPlan } from "../kind.ts";

/** The part of a region that the workload's objects depend on. A region in an existing cluster provides it directly; hosts that create a cluster assemble it. */
export interface WorkloadRegion
  extends CommonKeys,
    Pick<KubernetesRegion, "name" | "topology" | "namespace" | "endpoint" | "access" | "replicas">,
    Pick<KubernetesRegion, "expose" | "scheduling" | "pods" | "operator"> {
  readonly storage: WorkloadStorage;
  /** CIDR ranges of a load balancer's health checks, if it checks the Pods instead of the nodes. @default none */
  readonly loadBalancerRanges?: readonly string[];
  /** Further CIDR ranges from which the edge accepts clients: those of a private link, whose clients the cloud has already accepted. @default none */
  readonly furtherClients?: readonly string[];
  /** The kinds of network policy that the workload gets. @default "kubernetes" */
  readonly networkPolicies?: NetworkPolicies;
}

/** The maximum number of replicas. */
export function mostReplicas({ replicas }: Pick<WorkloadRegion, "replicas">): number {
  return replicas.max ?? replicas.min;
}

/**
 * `cilium`: Cilium's kind in addition to Kubernetes's own, because Cilium doesn't match nodes and Pods by address ranges. Kubernetes's own policy still matters where the cluster serves
 * Cilium's kind but Cilium doesn't run: Cilium's operator creates the kind, and an uninstallation doesn't remove it.
 */
export type NetworkPolicies = "kubernetes" | "cilium";

/** A volume for each replica, or one bucket for all replicas. */
export type WorkloadStorage =
  | { readonly kind: "disk"; readonly sizeGiB: number | "auto"; readonly class?: string }
  | {
      readonly kind: "bucket";
      readonly store: ObjectStore;
      readonly scratchGiB: number | "auto";
      /** StorageClass of a volume that is deleted with its Pod. @default a part of the node's disk */
      readonly scratchClass?: string;
    };

/** What the rendering of the workload needs: plain values only. */
export interface WorkloadPlanArgs extends Omit<RegionPlan, "region"> {
  readonly region: WorkloadRegion;
  /** The resources of each replica. */
  readonly replica: ReplicaPlan;
  /** Labels that give the Pods their identity in the cloud. */
  readonly serviceAccount: { readonly podLabels?: Readonly<Record<string, string>> };
}

/** What the component needs in addition. */
export interface WorkloadArgs extends WorkloadPlanArgs {
  readonly secrets: Secrets;
  readonly serviceAccount: WorkloadPlanArgs["serviceAccount"] & {
    readonly annotations?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  };
  /** Annotations of the Service whose change replaces the load balancer, in addition to those in workload.ts. @default none */
  readonly placingAnnotations?: readonly string[];
  /** Access key and secret key, if the store's `credentials` is the storeSecret of names.ts. @default the Pods' identity */
  readonly storeCredentials?: pulumi.Output<Credentials> | undefined;
}

/** Who can connect to the Pods: an address range, or Pods by their labels. */
export type Source = KubernetesRegion["access"]["metrics"][number];

export type PodSelector = Exclude<Source, string>;

export function rangesOf(sources: readonly Source[]): string[] {
  return sources.filter((it) => typeof it === "string");
}

export function podsOf(sources: readonly Source[]): PodSelector[] {
  return sources.filter((it) => typeof it !== "string");
}

/** The ranges that the edge checks itself. The edge sees only addresses, so if labels select some Pods, it accepts all addresses and only the network policy decides. */
export function checkedRanges(sources: readonly Source[]): string[] {
  return podsOf(sources).length > 0 ? [...everyone] : rangesOf(sources);
}
