import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import type { Problem } from "../../config/problems.ts";
import { withoutContentHash, workloadName } from "./names.ts";
import { renderWorkload, type WorkloadObjects, withAnnotations } from "./objects.ts";
import { type FoundCluster, type KubernetesPlan, workloadPlan } from "./plan.ts";
import { externalSecret, type SecretStore, secretReferences } from "./secret-references.ts";

/** A Kubernetes object of any kind. */
export interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** Values that `up` finds out from the cluster, and the handling of the stack's secrets. */
export interface ManifestOptions extends FoundCluster {
  /** The external-secrets store that fills the Secrets. @default all Secrets already exist */
  readonly secretStore?: SecretStore | undefined;
}

/**
 * All objects of a region, as `up` applies them, for programs that apply plain YAML: docs/gitops.md. Pure.
 *
 * @returns the objects by stable names, such as `deployment` or `configmap-edge`, that don't depend on the content. Their order is an order in which they can be created.
 */
export function manifests(
  plan: KubernetesPlan,
  { secretStore, ...found }: ManifestOptions,
): Readonly<Record<string, Manifest>> {
  const args = workloadPlan(plan, found);
  const objects = renderWorkload(args);
  const applied = {
    ...objects,
    serviceAccount: withAnnotations(objects.serviceAccount, args.serviceAccount.annotations),
    configMaps: Object.values(objects.configMaps),
    workload: scaled(objects),
  };
  const secrets = secretStore
    ? secretReferences(plan).map((it) => externalSecret(it, args.region, secretStore))
    : [];
  const all: readonly (Manifest | undefined)[] = [...Object.values(applied).flat(), ...secrets];
  const named = all.flatMap((object) => (object ? [[nameOf(object), object] as const] : []));
  const byName = Object.fromEntries(named);
  if (Object.keys(byName).length < named.length) throw new TypeError("two objects have one name");
  return byName;
}

/** Refuses what works only with Pulumi. Paths are relative to the region. */
export function manifestProblems({ region }: KubernetesPlan): Problem[] {
  if (region.endpoint.tls.mode !== "private") return [];
  const message =
    "can't be `private` without Pulumi, which keeps the authority: write `issuer`, with an issuer of cert-manager that is a private authority, or `provided`";
  return [{ path: "endpoint.tls.mode", message }];
}

/** With an autoscaler, the manifest has no number of replicas, because each apply would reset it. (Pulumi ignores changes of this number.) */
function scaled({ workload, autoscaler }: WorkloadObjects): WorkloadObjects["workload"] {
  if (!autoscaler || workload.kind === "StatefulSet") return workload;
  const { replicas: _, ...spec } = workload.spec;
  return { ...workload, spec };
}

function nameOf({ kind = "", metadata: { name = "" } = {} }: Manifest): string {
  const part = (kind === "ConfigMap" ? withoutContentHash(name) : name).replace(`${workloadName}-`, "");
  const isOnly = part === workloadName || kind === "Namespace";
  return [kind.toLowerCase(), ...(isOnly ? [] : [part])].join("-");
}
