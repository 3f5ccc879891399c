import type * as pulumi from "@pulumi/pulumi";
import type { ReplicaPlan } from "../../capacity/plan-replica.ts";
import { everyone } from "../../config/access.ts";
import type { Credentials, Secrets } from "../../config/credentials.ts";
import type { CommonKeys } from "../../config/region.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { ObjectStore } from "../../pod/store.ts";
import type { RegionPlan } from "../kind.ts";

/** What decides the objects of the workload. An existing cluster's region is one; the hosts that make a cluster put one together. */
export interface WorkloadRegion
  extends CommonKeys,
    Pick<
      KubernetesRegion,
      "name" | "topology" | "endpoint" | "access" | "replicas" | "expose" | "scheduling" | "operator"
    > {
  readonly storage: WorkloadStorage;
  /** Its name. */
  readonly namespace: string;
  /** Whether the stack makes the namespace. @default true */
  readonly createsNamespace?: boolean;
  /** Labels of a namespace that the stack makes, as the cloud's controllers read them. @default none */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** Its annotations. @default none */
  readonly namespaceAnnotations?: Readonly<Record<string, string>>;
  /** @default as the workload asks for, with nothing more */
  readonly pods?: KubernetesRegion["pods"];
  /** CIDR ranges from which a load balancer looks whether the Pods are there, where it asks them and not the nodes. @default none */
  readonly loadBalancerRanges?: readonly string[];
  /** CIDR ranges from which the edge lets in clients besides: those of a private link, whom the cloud has let in. @default none */
  readonly furtherClients?: readonly string[];
  /** Which kinds of network policy the workload gets. @default "kubernetes" */
  readonly networkPolicies?: NetworkPolicies;
}

/** The most replicas that there may be. */
export function mostReplicas({ replicas }: Pick<WorkloadRegion, "replicas">): number {
  return replicas.max ?? replicas.min;
}

/**
 * `cilium`: Cilium's kind besides Kubernetes's own, by whose address ranges Cilium matches no nodes and Pods. Kubernetes's own is what holds where the cluster serves Cilium's kind
 * and Cilium doesn't run: its operator makes the kind, and nothing takes it away with Cilium.
 */
export type NetworkPolicies = "kubernetes" | "cilium";

/** A volume of its own for each replica, or a bucket for all of them. */
export type WorkloadStorage =
  | { readonly kind: "disk"; readonly sizeGiB: number | "auto"; readonly class?: string }
  | {
      readonly kind: "bucket";
      readonly store: ObjectStore;
      readonly scratchGiB: number | "auto";
      /** StorageClass of a volume that lives as long as its Pod. @default a part of the node's disk */
      readonly scratchClass?: string;
    };

/** What the rendering of the workload needs; plain values. */
export interface WorkloadPlanArgs extends Omit<RegionPlan, "region"> {
  readonly region: WorkloadRegion;
  /** What each replica asks for. */
  readonly replica: ReplicaPlan;
  /** The identity of the Pods, in the words of the cloud. */
  readonly serviceAccount: { readonly podLabels?: Readonly<Record<string, string>> };
}

/** What the component needs besides. */
export interface WorkloadArgs extends WorkloadPlanArgs {
  readonly secrets: Secrets;
  readonly serviceAccount: WorkloadPlanArgs["serviceAccount"] & {
    readonly annotations?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  };
  /** Annotations of the Service with which another load balancer replaces the old one, besides those of workload.ts. @default none */
  readonly placingAnnotations?: readonly string[];
  /** Access key and secret key, where the store's `credentials` is the storeSecret of names.ts. @default the identity of the Pods */
  readonly storeCredentials?: pulumi.Output<Credentials> | undefined;
}

/** Who connects to the Pods: an address range, or Pods by their labels. */
export type Source = KubernetesRegion["access"]["metrics"][number];

export type PodSelector = Exclude<Source, string>;

export function rangesOf(sources: readonly Source[]): string[] {
  return sources.filter((it) => typeof it === "string");
}

export function podsOf(sources: readonly Source[]): PodSelector[] {
  return sources.filter((it) => typeof it !== "string");
}

/** The ranges that the edge itself checks: it sees addresses only, so where Pods are named by labels, the network alone decides. */
export function checkedRanges(sources: readonly Source[]): string[] {
  return podsOf(sources).length > 0 ? [...everyone] : rangesOf(sources);
}
