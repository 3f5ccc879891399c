import { terminationGraceSeconds } from "../../pod/part.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** How a replica hands its clients over to the next one. */
export interface Handover {
  /** How long a terminating replica still accepts connections. */
  readonly drainSeconds: number;
  /** How long a new replica must be ready before the next one is replaced. */
  readonly minReadySeconds: number;
}

type Kind = WorkloadRegion["expose"]["kind"];

/**
 * A cluster can have any cloud's load balancer, so the defaults suit the slowest one known: AWS's Network Load Balancer sends new connections to a target for about two minutes
 * after its deregistration, whatever the deregistration delay is. It takes about as long until it sends the first ones to a new target.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366, https://github.com/aws/containers-roadmap/issues/470
 *
 * Ingress and Gateway controllers follow EndpointSlices within seconds. The rest of `drainSeconds` is for controllers that configure a proxy outside the cluster. The rest
 * of `minReadySeconds` is for origin.sh: an origin with a volume looks healthy for about 20 s, until it is stopped because its upstream doesn't answer.
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

/** The other containers stop this much later: after nginx stops accepting connections, it can still need an origin for requests in progress. */
const othersAfterSeconds = 5;

/** How long each container continues after its Pod starts to terminate. */
export function pausesOf(region: Pick<WorkloadRegion, "expose">): { edge: number; others: number } {
  const { drainSeconds } = handoverOf(region);
  return { edge: drainSeconds, others: drainSeconds + othersAfterSeconds };
}

/** The maximum duration of a Pod's termination: the pause, then the requests in progress. */
export function endSeconds(region: Pick<WorkloadRegion, "expose">): number {
  return pausesOf(region).others + terminationGraceSeconds;
}
