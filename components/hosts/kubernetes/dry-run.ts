import { ApiException } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import type { Question } from "./question.ts";

/** By the part of the Pod's template that the server names, the setting. */
const settings: readonly (readonly [part: RegExp, path: string])[] = [
  [/affinity/i, "scheduling.affinity"],
  [/tolerations/, "scheduling.tolerations"],
  [/nodeSelector/, "scheduling.nodeSelector"],
  [/readinessGates/, "pods.readinessGates"],
  [/resources/, "pods.resources"],
  [/template\.metadata/, "pods"],
];

/** An answer of the API: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/**
 * What the API server refuses of the replicas' manifest, asked by a dry run. In a namespace that isn't there, it would look no further, so then it is asked about the namespace
 * `default`, whose policies aren't meant. Whether the user may ask, permissions.ts says.
 */
export async function refusedByServer({ region, objects, api, hasNamespace }: Question): Promise<Problem[]> {
  const { workload } = objects;
  const namespace = hasNamespace ? region.namespace.name : "default";
  const body = { ...workload, metadata: { ...workload.metadata, namespace } };
  const plural = `${workload.kind.toLowerCase()}s`;
  const request = { group: "apps", version: "v1", namespace, plural, body };
  try {
    await api.custom.createNamespacedCustomObject({ ...request, dryRun: "All", fieldValidation: "Strict" });
    return [];
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const isByPolicy = /admission webhook|AdmissionPolicy/.test(String(error.body));
    if (isByPolicy ? !hasNamespace || noDryRun.test(String(error.body)) : ![400, 422].includes(error.code))
      return [];
    return problemsIn(JSON.parse(String(error.body)));
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#side-effects */
const noDryRun = /does not support dry run/;

function problemsIn({ message = "", details }: Status): Problem[] {
  const causes = details?.causes ?? [{ message }];
  return causes.map(({ field = "", message = "" }) => {
    const told = field === "" ? message : `${field}: ${message}`;
    const [, path = "context"] = settings.find(([part]) => part.test(told)) ?? [];
    return { path, message: `the cluster refuses it: ${told}` };
  });
}
