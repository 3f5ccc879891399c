/** What the tests of the engine have to know of a cloud in which stacks make clusters: a table per cloud, cloud-aws-cluster.ts and cloud-azure-cluster.ts. */
import type { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import type { Cloud, Thing } from "../doubles/cloud.ts";
import type { Fault } from "../doubles/faults.ts";
import type { Inputs } from "../doubles/values.ts";
import type { Mistake } from "./cloud-case.ts";
import type { Config } from "./stack-files.ts";

export interface ClusterCase {
  readonly provider: keyof typeof services;
  /** The stack file of the region in which the account has what {@link adopting} adopts. */
  readonly file: string;
  /** An account as on the first day, and the clusters that it will have. */
  newAccount(): Account;
  /** Puts what the cloud may have left around a cluster, before it is destroyed. */
  leaveBehind?(cloud: Cloud): void;
  /** What must be on the PATH of who brings up the stack. */
  readonly programs: readonly string[];
  /** Pulumi's type of a cluster. */
  readonly cluster: string;
  versionOf(cluster: Thing): string;
  /** Gives all clusters another number of nodes, as their autoscaler does, where it is the cloud that refuses updates because of it. */
  autoscale?(cloud: Cloud, nodes: number): void;
  /** What an earlier version of this project made otherwise, and this one leaves as it is. */
  readonly earlier?: {
    readonly type: string;
    readonly inputs: Inputs;
    /** What `up` says of it. */
    readonly told: RegExp;
  };
  /** What another version changes, sorted, with `…` for the region. */
  readonly upgrade: readonly string[];
  /** What happens when all that changes in place does at once, sorted, without names and ConfigMaps. */
  readonly inPlace: readonly string[];
  /** What must be there before the cluster, and be deleted after it, as types without package. */
  readonly beforeCluster: readonly string[];
  /** What there is that shouldn't be, in the account. */
  violations(things: readonly Thing[], region: Config): string[];
  /** Each is met on the way: what it is about needs what failed before, or comes long after it. What doesn't may be made in the same update. */
  readonly faults: Readonly<Record<string, Fault>>;
  readonly mistakes: Readonly<Record<string, Mistake>>;
  /** What they ask of a stack with a network of its own. */
  readonly governedNetwork: Config;
  /** What the owners of the account ask of a stack that {@link adopting} is in: `governance`. */
  readonly governed: Config;
  /** A region that adopts what is in the account. */
  readonly adopting: Config;
  /** What isn't made then, as types without package. */
  readonly adoptedTypes: readonly string[];
  /** What is said when a network of its own is asked for afterwards, where a cluster can't go there. */
  readonly staysThere?: RegExp;
}

export interface Account {
  readonly cloud: Cloud;
  /** What is in the clusters of {@link cloud}. */
  readonly clusters: Cloud;
}
