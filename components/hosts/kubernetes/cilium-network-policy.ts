import { type CustomObject, selectorLabels, workloadMetadata } from "./names.ts";
import { type Incoming, incoming, type Outgoing, outgoing } from "./traffic.ts";
import { type PodSelector, podsOf, rangesOf, type WorkloadPlanArgs } from "./workload-args.ts";

/** https://docs.cilium.io/en/stable/network/kubernetes/policy/#ciliumnetworkpolicy */
export type CiliumNetworkPolicy = CustomObject<"CiliumNetworkPolicy">;

/**
 * The rules of the NetworkPolicy, for Cilium. Cilium knows nodes and Pods by identities, so an address range matches only addresses outside the cluster.
 * https://docs.cilium.io/en/stable/security/policy/language/#selecting-nodes-with-cidr-ipblock
 *
 * Both policies exist side by side, and traffic passes if either allows it (https://docs.cilium.io/en/stable/security/policy/intro/#rule-basics). In Cilium's reading, the NetworkPolicy
 * allows nothing that this policy doesn't, except for the addresses of the Pod Identity agent.
 */
export function ciliumNetworkPolicy(args: WorkloadPlanArgs): CiliumNetworkPolicy {
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: workloadMetadata(args.region),
    spec: {
      endpointSelector: { matchLabels: selectorLabels(args.region.name) },
      ingress: [
        // Kubernetes always lets a node reach its own Pods. Cilium does so only with its default `--allow-localhost`.
        { fromEntities: ["host"] },
        ...incoming(args).flatMap(ingressRules),
      ],
      egress: outgoing(args).flatMap(egressRules),
    },
  };
}

/**
 * Cilium can't match a node or Pod by an address range, but the edge checks addresses. So ranges open the port to the whole cluster if no labels select
 * Pods, and to all nodes if labels do.
 */
function ingressRules({ from, port }: Incoming) {
  const [ranges, pods] = [rangesOf(from), podsOf(from)];
  const toPorts = [portRule([{ port, protocol: "TCP" }])];
  return [
    ...(ranges.length > 0
      ? [
          { fromCIDR: ranges, toPorts },
          { fromEntities: [pods.length > 0 ? "remote-node" : "cluster"], toPorts },
        ]
      : []),
    ...(pods.length > 0 ? [{ fromEndpoints: pods.map(endpointSelector), toPorts }] : []),
  ];
}

function egressRules({ to, ports }: Outgoing) {
  const toPorts = ports && { toPorts: [portRule(ports)] };
  return destinations(to).map((destination) => ({ ...destination, ...toPorts }));
}

function destinations(to: Outgoing["to"]): object[] {
  // Without a destination, a rule allows all destinations, including nodes and Pods.
  if (to === "anywhere") return [{}];
  // The agent uses the host's network: https://github.com/cilium/cilium/issues/34387
  if (to === "podIdentityAgent") return [{ toEntities: ["host"] }];
  if ("range" in to) return [{ toCIDR: [to.range] }, { toEntities: ["cluster"] }];
  return [{ toEndpoints: [endpointSelector(to)] }];
}

function portRule(ports: NonNullable<Outgoing["ports"]>) {
  return { ports: ports.map(({ port, protocol }) => ({ port: String(port), protocol })) };
}

/**
 * The same labels into which Cilium translates a namespaceSelector and a podSelector: https://github.com/cilium/cilium/blob/v1.18.4/pkg/k8s/network_policy.go#L76-L138.
 * Without namespace labels, a selector would mean only the policy's own namespace.
 */
function endpointSelector({ namespaceLabels, podLabels = {} }: PodSelector) {
  const inNamespaces = Object.entries(namespaceLabels ?? {}).map(([key, value]) => [
    `k8s:io.cilium.k8s.namespace.labels.${key}`,
    value,
  ]);
  const ofPods = Object.entries(podLabels).map(([key, value]) => [`k8s:${key}`, value]);
  return {
    matchLabels: Object.fromEntries([...inNamespaces, ...ofPods]),
    ...(inNamespaces.length === 0 && {
      matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "Exists" }],
    }),
  };
}
