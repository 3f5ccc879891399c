/**
 * What Cilium lets through, by both kinds of policies: its own, and Kubernetes's, which it translates.
 * https://github.com/cilium/cilium/blob/v1.18.4/pkg/k8s/network_policy.go and https://docs.cilium.io/en/stable/security/policy/language/.
 * The verdicts in kubernetes.test.ts come from Cilium's own policy repository (pkg/policy, v1.18.4).
 */
import { contains } from "../checks.ts";
import { type Inputs, valueAt, valuesAt } from "../values.ts";

/** The other end of a connection. Cilium identifies it by its address outside of the cluster, and by labels inside. */
export type Peer =
  | { readonly kind: "world"; readonly address: string }
  | { readonly kind: "host" | "remote-node" }
  | { readonly kind: "pod"; readonly namespace: Labels; readonly labels: Labels };

export type Labels = Readonly<Record<string, string>>;

export interface Flow {
  readonly direction: "ingress" | "egress";
  readonly peer: Peer;
  readonly port: number;
}

/** A rule of either kind of policy, or a peer in a rule. */
type Rule = Inputs;

/** @param policies those that select the Pod in its namespace. A connection passes if any of them allows it */
export function passes(policies: readonly Inputs[], { direction, peer, port }: Flow): boolean {
  // Cilium's default is `--allow-localhost=auto`.
  if (direction === "ingress" && peer.kind === "host") return true;
  const ofDirection = policies.filter((policy) => isAbout(policy, direction));
  if (ofDirection.length === 0) return true;
  return ofDirection
    .flatMap((policy) => valuesAt(`spec.${direction}[*]`, policy) as Rule[])
    .some((rule) => allows(rule, direction === "ingress" ? "from" : "to", peer) && hasPort(rule, port));
}

function isAbout(policy: Inputs, direction: Flow["direction"]): boolean {
  const types = valuesAt("spec.policyTypes[*]", policy).map((it) => String(it).toLowerCase());
  return types.includes(direction) || valuesAt(`spec.${direction}`, policy).length > 0;
}

function hasPort(rule: Rule, port: number): boolean {
  const ports = [...valuesAt("ports[*].port", rule), ...valuesAt("toPorts[*].ports[*].port", rule)];
  return ports.length === 0 || ports.map(Number).includes(port);
}

function allows(rule: Rule, side: "from" | "to", peer: Peer): boolean {
  const peers = valuesAt(`${side}[*]`, rule) as Rule[];
  const entities = valuesAt(`${side}Entities[*]`, rule);
  const ranges = [...valuesAt("[*].ipBlock.cidr", peers), ...valuesAt(`${side}CIDR[*]`, rule)].map(String);
  const selectors = valuesAt(`${side}Endpoints[*]`, rule) as Rule[];
  if (peers.length + entities.length + ranges.length + selectors.length === 0) return true;
  switch (peer.kind) {
    case "world":
      return ranges.some((range) => isIn(range, peer.address));
    case "host":
    case "remote-node":
      return entities.includes(peer.kind) || entities.includes("cluster");
    case "pod":
      return (
        entities.includes("cluster") ||
        peers.some((it) => isSelected(it, peer)) ||
        selectors.some((it) => isSelectedByCilium(it, peer))
      );
  }
}

function isIn(range: string, address: string): boolean {
  const isIpv6 = address.includes(":");
  return range.includes(":") === isIpv6 && contains(range, `${address}/${isIpv6 ? 128 : 32}`);
}

function isSelected(
  { namespaceSelector, podSelector }: Rule,
  { namespace, labels }: Extract<Peer, { kind: "pod" }>,
): boolean {
  // A podSelector without a namespaceSelector selects only the policy's own namespace, which has no Pods except the cache's.
  if (namespaceSelector === undefined) return false;
  return (
    hasLabels(namespace, namespaceSelector) && (podSelector === undefined || hasLabels(labels, podSelector))
  );
}

function hasLabels(labels: Labels, selector: unknown): boolean {
  const wanted = Object.entries((valueAt("matchLabels", selector) ?? {}) as Labels);
  return wanted.every(([key, value]) => labels[key] === value);
}

const ofNamespaces = "k8s:io.cilium.k8s.namespace.labels.";
const inNamespace = "k8s:io.kubernetes.pod.namespace";

function isSelectedByCilium(selector: Rule, { namespace, labels }: Extract<Peer, { kind: "pod" }>): boolean {
  const wanted = Object.entries((selector.matchLabels ?? {}) as Labels);
  const isElsewhere =
    wanted.some(([key]) => key.startsWith(ofNamespaces)) ||
    valuesAt("matchExpressions[*].key", selector).includes(inNamespace);
  return (
    isElsewhere &&
    wanted.every(([key, value]) =>
      key.startsWith(ofNamespaces)
        ? namespace[key.slice(ofNamespaces.length)] === value
        : labels[key.replace(/^(?:k8s|any):/, "")] === value,
    )
  );
}
