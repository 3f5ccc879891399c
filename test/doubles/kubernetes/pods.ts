import { demand, type Request, text } from "../cloud.ts";
import { type Inputs, valueAt, valuesAt } from "../values.ts";
import { tokenOf } from "./kinds.ts";

/** What is looked at of Pods: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec */
export interface PodSpec extends Inputs {
  readonly serviceAccountName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly operator?: string }[];
}

/** Of an object that makes Pods. */
export function podSpecOf(inputs: Inputs): PodSpec | undefined {
  return valueAt("spec.template.spec", inputs) as PodSpec | undefined;
}

/** Where Pods name other objects of their namespace. */
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

/** Pods that lack one of these don't start, and who waits for them does so in vain. */
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
