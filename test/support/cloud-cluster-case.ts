/** The facts that the engine's tests need of a cloud in which stacks create clusters, in a table per cloud: cloud-aws-cluster.ts and cloud-azure-cluster.ts. */
import type { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import type { Cloud, Thing } from "../doubles/cloud.ts";
import type { Fault } from "../doubles/faults.ts";
import type { Inputs } from "../doubles/values.ts";
import type { Mistake } from "./cloud-case.ts";
import type { Config } from "./stack-files.ts";

export interface ClusterCase {
  readonly provider: keyof typeof services;
  /** The stack file of the region that uses what {@link adopting} adopts. */
  readonly file: string;
  /** A double of a new account, and of the clusters that it will have. */
  newAccount(): Account;
  /** Adds leftovers that the cloud may keep around a cluster, before the cluster is destroyed. */
  leaveBehind?(cloud: Cloud): void;
  /** Programs that must be on the PATH to bring the stack up. */
  readonly programs: readonly string[];
  /** Pulumi's type of a cluster. */
  readonly cluster: string;
  versionOf(cluster: Thing): string;
  /** Changes the number of nodes of all clusters, as their autoscaler does. Only for a cloud that refuses updates because of that. */
  autoscale?(cloud: Cloud, nodes: number): void;
  /** A resource that an earlier version of this project created differently, and that this version keeps as it is. */
  readonly earlier?: {
    readonly type: string;
    readonly inputs: Inputs;
    /** The message of `up` about it. */
    readonly told: RegExp;
  };
  /** The operations after a change of the version, sorted, with `…` for the region. */
  readonly upgrade: readonly string[];
  /** The operations after a change of everything that can change in place, sorted, without names and ConfigMaps. */
  readonly inPlace: readonly string[];
  /** Types, without package, of the resources that must exist before the cluster, and be deleted after it. */
  readonly beforeCluster: readonly string[];
  /** The rules that the account's resources break. */
  violations(things: readonly Thing[], region: Config): string[];
  /** Faults of the cloud. An update meets all of them one after the other: each one's resource depends on the one that failed before, or comes long after it. Independent resources may be created in the same update. */
  readonly faults: Readonly<Record<string, Fault>>;
  readonly mistakes: Readonly<Record<string, Mistake>>;
  /** The governance rules that a stack with its own network meets. */
  readonly governedNetwork: Config;
  /** The `governance` rules of the account of {@link adopting}. */
  readonly governed: Config;
  /** A region that adopts existing resources. */
  readonly adopting: Config;
  /** Types, without package, of the resources that it doesn't create. */
  readonly adoptedTypes: readonly string[];
  /** The message when the region asks for its own network later, for a cloud whose clusters can't move there. */
  readonly staysThere?: RegExp;
}

export interface Account {
  readonly cloud: Cloud;
  /** The objects in the clusters of {@link cloud}. */
  readonly clusters: Cloud;
}
