import type { Request } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { type Labels, type Peer, passes } from "./cilium.ts";
import { tokenOf } from "./kinds.ts";

/** The parts of a Pod that the double uses: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec */
export interface PodSpec extends Inputs {
  readonly serviceAccountName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly operator?: string }[];
}

/** The Pod template of an object that creates Pods. */
export function podSpecOf(inputs: Inputs): PodSpec | undefined {
  return valueAt("spec.template.spec", inputs) as PodSpec | undefined;
}

/** Paths at which Pods name other objects of their namespace. */
const references = {
  ConfigMap: [
    "volumes[*].configMap.name",
    "volumes[*].projected.sources[*].configMap.name",
    "containers[*].envFrom[*].configMapRef.name",
  ],
  Secret: [
    "volumes[*].secret.secretName",
    "volumes[*].projected.sources[*].secret.name",
    "containers[*].env[*].valueFrom.secretKeyRef.name",
  ],
  ServiceAccount: ["serviceAccountName"],
} as const;

/** Refuses Pods that lack one of these objects, because they would never start. */
export function demandPodReferences(pod: PodSpec, { cloud, scope, inputs }: Request): void {
  const namespace = text("metadata.namespace", inputs);
  const certified = cloud
    .things(tokenOf({ apiVersion: "cert-manager.io/v1", kind: "Certificate" }))
    .filter((it) => it.scope === scope && text("metadata.namespace", it.inputs) === namespace)
    .map((it) => text("spec.secretName", it.inputs));
  for (const [kind, paths] of Object.entries(references)) {
    for (const name of paths.flatMap((path) => valuesAt(path, pod)).map(String)) {
      const isThere =
        cloud.find(tokenOf({ apiVersion: "v1", kind }), `${namespace}/${name}`, scope) ||
        (kind === "Secret" && certified.includes(name));
      demand(isThere, "NotFound", `${kind} ${namespace}/${name} isn't there when a Pod needs it`);
    }
  }
}

const policies = [
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
  { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
];

/** Refuses policies that nobody could scrape through. Metrics aren't part of a Service, so Prometheus connects to a Pod's address from inside the cluster. With Cilium, a policy with only addresses lets in nobody from there. */
export function demandScrapable(pod: PodSpec, { cloud, scope, inputs }: Request): void {
  const ports = valuesAt("containers[*].ports[*]", pod) as Inputs[];
  const port = ports.find(({ name }) => name === "metrics")?.containerPort;
  if (port === undefined) return;
  const namespace = text("metadata.namespace", inputs);
  const rules = policies
    .flatMap((kind) => cloud.things(tokenOf(kind)))
    .filter((it) => it.scope === scope && text("metadata.namespace", it.inputs) === namespace)
    .map((it) => it.inputs);
  const scrapers: Peer[] = [{ kind: "remote-node" }, ...podsNamedIn(rules)];
  const isScraped = scrapers.some((peer) =>
    passes(rules, { direction: "ingress", peer, port: Number(port) }),
  );
  demand(isScraped, "PolicyDenied", `nothing in the cluster reaches ${namespace}'s Pods at port ${port}`);
}

function podsNamedIn(rules: readonly Inputs[]): Peer[] {
  const labelsAt = (path: string) => rules.flatMap((rule) => valuesAt(path, rule)) as Labels[];
  const prefix = "k8s:io.cilium.k8s.namespace.labels.";
  return labelsAt("spec.ingress[*].fromEndpoints[*].matchLabels").map((labels) => {
    const entries = Object.entries(labels);
    const namespace = entries.filter(([key]) => key.startsWith(prefix));
    const own = entries.filter(([key]) => !key.startsWith(prefix));
    return {
      kind: "pod",
      namespace: Object.fromEntries(namespace.map(([key, value]) => [key.slice(prefix.length), value])),
      labels: Object.fromEntries(own.map(([key, value]) => [key.replace(/^k8s:/, ""), value])),
    };
  });
}
