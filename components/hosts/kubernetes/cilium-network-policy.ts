import { type CustomObject, selectorLabels, workloadMetadata } from "./names.ts";
import { type Incoming, incoming, type Outgoing, outgoing } from "./traffic.ts";
import { type PodSelector, podsOf, rangesOf, type WorkloadPlanArgs } from "./workload-args.ts";

/** https://docs.cilium.io/en/stable/network/kubernetes/policy/#ciliumnetworkpolicy */
export type CiliumNetworkPolicy = CustomObject<
  "CiliumNetworkPolicy",
  {
    readonly endpointSelector: EndpointSelector;
    readonly ingress: readonly IngressRule[];
    readonly egress: readonly EgressRule[];
  }
>;

interface EndpointSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: "Exists" }[];
}

interface PortRule {
  readonly ports: readonly { readonly port: string; readonly protocol: "TCP" | "UDP" }[];
}

/** One kind of source each; without ports, all of them. */
interface IngressRule {
  readonly fromEntities?: readonly ("host" | "remote-node" | "cluster")[];
  readonly fromCIDR?: readonly string[];
  readonly fromEndpoints?: readonly EndpointSelector[];
  readonly toPorts?: readonly PortRule[];
}

/** @default everywhere, nodes and Pods included, at all ports */
interface EgressRule {
  readonly toEntities?: readonly "host"[];
  readonly toEndpoints?: readonly EndpointSelector[];
  readonly toPorts?: readonly PortRule[];
}

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
function ingressRules({ from, port }: Incoming): IngressRule[] {
  const [ranges, pods] = [rangesOf(from), podsOf(from)];
  const toPorts = [portRule([{ port, protocol: "TCP" }])];
  return [
    ...(ranges.length > 0
      ? [
          { fromCIDR: ranges, toPorts },
          { fromEntities: [pods.length > 0 ? "remote-node" : "cluster"], toPorts } as const,
        ]
      : []),
    ...(pods.length > 0 ? [{ fromEndpoints: pods.map(endpointSelector), toPorts }] : []),
  ];
}

function egressRule({ to, ports }: Outgoing): EgressRule {
  return { ...(to !== "anywhere" && destination(to)), ...(ports && { toPorts: [portRule(ports)] }) };
}

/** The agent of Pod Identity is on the host's network: https://github.com/cilium/cilium/issues/34387 */
function destination(to: Exclude<Outgoing["to"], "anywhere">): EgressRule {
  if (to === "podIdentityAgent") return { toEntities: ["host"] };
  return { toEndpoints: [endpointSelector(to)] };
}

function portRule(ports: NonNullable<Outgoing["ports"]>): PortRule {
  return { ports: ports.map(({ port, protocol }) => ({ port: String(port), protocol })) };
}

/**
 * As Cilium itself translates a namespaceSelector and podSelector: https://github.com/cilium/cilium/blob/v1.18.4/pkg/k8s/network_policy.go#L76-L138.
 * Without a namespace, a selector means the policy's own one.
 */
function endpointSelector({ namespaceLabels, podLabels = {} }: PodSelector): EndpointSelector {
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
