import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
} from "kubernetes-types/networking/v1.d.ts";
import { selectorLabels, workloadMetadata } from "./names.ts";
import { type Incoming, incoming, type Outgoing, outgoing } from "./traffic.ts";
import type { Source, WorkloadPlanArgs } from "./workload-args.ts";

/** Addresses of the EKS Pod Identity agent, which gives out credentials on each node: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const podIdentityAgent = ["169.254.170.23/32", "fd00:ec2::23/128"];

/** Limits who can connect to the Pods, and where the Pods can connect to. In clusters that don't enforce network policies, only the edge's own allow-list protects the Pods. */
export function networkPolicy(args: WorkloadPlanArgs): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: workloadMetadata(args.region),
    spec: {
      podSelector: { matchLabels: selectorLabels(args.region.name) },
      policyTypes: ["Ingress", "Egress"],
      ingress: incoming(args).map(ingressRule),
      egress: outgoing(args).map(egressRule),
    },
  };
}

function ingressRule({ from, port }: Incoming): NetworkPolicyIngressRule {
  return { from: from.map(peer), ports: [{ port, protocol: "TCP" }] };
}

function egressRule({ to, ports }: Outgoing): NetworkPolicyEgressRule {
  return {
    ...(to !== "anywhere" && { to: destinations(to).map(peer) }),
    ...(ports && { ports: [...ports] }),
  };
}

function destinations(to: Exclude<Outgoing["to"], "anywhere">): readonly Source[] {
  if (to === "podIdentityAgent") return podIdentityAgent;
  return "range" in to ? [to.range, {}] : [to];
}

/** The namespaceSelector is always set, because a podSelector alone selects Pods only in the policy's own namespace. */
function peer(source: Source): NetworkPolicyPeer {
  if (typeof source === "string") return { ipBlock: { cidr: source } };
  const { namespaceLabels, podLabels } = source;
  return {
    namespaceSelector: namespaceLabels ? { matchLabels: namespaceLabels } : {},
    ...(podLabels && { podSelector: { matchLabels: podLabels } }),
  };
}
