import { type CustomObject, selectorLabels, workloadMetadata } from "./names.ts";
import { type Incoming, incoming, type Outgoing, outgoing } from "./traffic.ts";
import { type PodSelector, podsOf, rangesOf, type WorkloadPlanArgs } from "./workload-args.ts";

/** https://docs.cilium.io/en/stable/network/kubernetes/policy/#ciliumnetworkpolicy */
export type CiliumNetworkPolicy = CustomObject<"CiliumNetworkPolicy">;

/**
 * What the NetworkPolicy says, for Cilium, which knows nodes and Pods by identities: an address range matches none of them, only what is outside of the cluster.
 * https://docs.cilium.io/en/stable/security/policy/language/#selecting-nodes-with-cidr-ipblock
 *
 * It stands beside the NetworkPolicy. Both together let through what either does (https://docs.cilium.io/en/stable/security/policy/intro/#rule-basics), and to Cilium, the
 * NetworkPolicy lets through nothing else, but for the addresses of the agent of Pod Identity.
 */
export function ciliumNetworkPolicy(args: WorkloadPlanArgs): CiliumNetworkPolicy {
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: workloadMetadata(args.region),
    spec: {
      endpointSelector: { matchLabels: selectorLabels(args.region.name) },
      ingress: [
        // The node of a Pod always reaches it, by Kubernetes's rules; by Cilium's, only with its default `--allow-localhost`.
        { fromEntities: ["host"] },
        ...incoming(args).flatMap(ingressRules),
      ],
      egress: outgoing(args).map(egressRule),
    },
  };
}

/**
 * Which node or Pod has an address of the ranges, Cilium can't tell, and the edge does. So ranges open the port to the whole cluster where no labels say which Pods
 * are meant, and to the nodes where they do.
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

/** Without a destination, it is everywhere, nodes and Pods included. */
function egressRule({ to, ports }: Outgoing) {
  return { ...(to !== "anywhere" && destination(to)), ...(ports && { toPorts: [portRule(ports)] }) };
}

/** The agent of Pod Identity is on the host's network: https://github.com/cilium/cilium/issues/34387 */
function destination(to: Exclude<Outgoing["to"], "anywhere">) {
  if (to === "podIdentityAgent") return { toEntities: ["host"] };
  return { toEndpoints: [endpointSelector(to)] };
}

function portRule(ports: NonNullable<Outgoing["ports"]>) {
  return { ports: ports.map(({ port, protocol }) => ({ port: String(port), protocol })) };
}

/**
 * As Cilium itself translates a namespaceSelector and podSelector: https://github.com/cilium/cilium/blob/v1.18.4/pkg/k8s/network_policy.go#L76-L138.
 * Without a namespace, a selector means the policy's own one.
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
