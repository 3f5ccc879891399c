/** The kinds of objects that the hosts with a cluster create. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Paths of required values. */
  readonly required?: readonly string[];
  /** Paths of values that can't change. */
  readonly fixed?: readonly string[];
  /** The Helm chart that installs the kind. @default every cluster has it */
  readonly chart?: string;
  /** The cluster network that installs the kind. @default every cluster has it */
  readonly network?: "cilium";
  /** Whether it configures nodes, so that the cluster's cloud handles it. @default false */
  readonly isOfNodes?: boolean;
}

const workload = {
  required: ["spec.selector", "spec.template.spec.containers[0]"],
  fixed: ["spec.selector"],
};
const charted = (kind: string, required: readonly string[], isNamespaced = true): Kind => ({
  apiVersion: "cert-manager.io/v1",
  kind,
  isNamespaced,
  required,
  chart: "cert-manager",
});
const core = (kind: string, required: readonly string[] = []): Kind => ({
  apiVersion: "v1",
  kind,
  isNamespaced: kind !== "Namespace",
  required,
});

export const kinds: readonly Kind[] = [
  core("Namespace"),
  core("ConfigMap"),
  core("Secret"),
  core("ServiceAccount"),
  core("Service", ["spec.ports[0].port"]),
  { apiVersion: "apps/v1", kind: "Deployment", isNamespaced: true, ...workload },
  { apiVersion: "apps/v1", kind: "StatefulSet", isNamespaced: true, ...workload },
  {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    isNamespaced: true,
    required: ["spec.scaleTargetRef.name", "spec.maxReplicas"],
  },
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget", isNamespaced: true, required: ["spec.selector"] },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    isNamespaced: true,
    required: ["spec.podSelector"],
  },
  {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    isNamespaced: true,
    required: ["spec.endpointSelector"],
    network: "cilium",
  },
  {
    apiVersion: "eks.amazonaws.com/v1",
    kind: "NodeClass",
    isNamespaced: false,
    isOfNodes: true,
    required: ["spec.role", "spec.subnetSelectorTerms[0]", "spec.securityGroupSelectorTerms[0]"],
  },
  {
    apiVersion: "karpenter.sh/v1",
    kind: "NodePool",
    isNamespaced: false,
    isOfNodes: true,
    required: ["spec.template.spec.nodeClassRef.name", "spec.template.spec.requirements[0]"],
  },
  charted(
    "ClusterIssuer",
    ["spec.acme.email", "spec.acme.privateKeySecretRef.name", "spec.acme.solvers[0]"],
    false,
  ),
  charted("Certificate", ["spec.secretName", "spec.issuerRef.name", "spec.dnsNames[0]"]),
];

/** Pulumi's type: `kubernetes:core/v1:Namespace` */
export function tokenOf({ apiVersion, kind }: Pick<Kind, "apiVersion" | "kind">): string {
  return `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
}
