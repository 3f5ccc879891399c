import { terminationGraceSeconds } from "../../pod/part.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** How a replica hands its clients over to the next one. */
export interface Handover {
  /** For how long a replica that is to end goes on taking connections. */
  readonly drainSeconds: number;
  /** For how long a new replica must be ready before the next one is replaced. */
  readonly minReadySeconds: number;
}

type Kind = WorkloadRegion["expose"]["kind"];

/**
 * A cluster's load balancer may be any cloud's, so the defaults suit the slowest known one: AWS's Network Load Balancer sends new connections for about two minutes
 * after a target was deregistered, whatever its deregistration delay, and takes about as long to send any to a new target.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366, https://github.com/aws/containers-roadmap/issues/470
 *
 * What is behind an Ingress or a Gateway follows EndpointSlices within seconds; the rest of `drainSeconds` is for controllers that tell a proxy outside of the cluster, and the
 * rest of `minReadySeconds` for origin.sh: on a volume, an origin looks well for about 20 s until it is stopped because its upstream is silent.
 */
const defaults: Readonly<Record<Kind, Handover>> = {
  loadBalancer: { drainSeconds: 180, minReadySeconds: 180 },
  ingress: { drainSeconds: 45, minReadySeconds: 30 },
  gateway: { drainSeconds: 45, minReadySeconds: 30 },
};

export function handoverOf({ expose }: Pick<WorkloadRegion, "expose">): Handover {
  const { drainSeconds, minReadySeconds } = defaults[expose.kind];
  return {
    drainSeconds: expose.drainSeconds ?? drainSeconds,
    minReadySeconds: expose.minReadySeconds ?? minReadySeconds,
  };
}

/** nginx may still ask an origin for what is under way when it takes no more connections: the other containers go after it. */
const othersAfterSeconds = 5;

/** For how long each container goes on when its Pod is to end. */
export function pausesOf(region: Pick<WorkloadRegion, "expose">): { edge: number; others: number } {
  const { drainSeconds } = handoverOf(region);
  return { edge: drainSeconds, others: drainSeconds + othersAfterSeconds };
}

/** How long the end of a Pod takes at most: the pause, then what is under way. */
export function endSeconds(region: Pick<WorkloadRegion, "expose">): number {
  return pausesOf(region).others + terminationGraceSeconds;
}
