import type { ClusterApi } from "./cluster-api.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** A right that the context's user needs. */
export interface Permission {
  /** API group. Empty for the core group. */
  readonly group: string;
  /** Plural name, as in a Role. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** @default the whole cluster */
  readonly namespace?: string;
}

const watch = ["list", "watch"];
/** Pulumi's provider watches an object that it deletes until the object is gone. Without the right to watch, it waits forever. */
const change = ["create", "get", ...watch, "patch", "delete"];

/** The rights that a region's cache needs. docs/kubernetes.md has them as a ClusterRole. */
export function permissionsFor(region: WorkloadRegion, objects: WorkloadObjects): Permission[] {
  const { storage, expose, networkPolicies } = region;
  const { tls } = region.endpoint;
  const own = region.namespace.name;
  const inNamespace = (group: string, resource: string, verbs = change, namespace = own) => ({
    group,
    resource,
    verbs,
    namespace,
  });
  const inCluster = (group: string, resource: string, verbs = ["list"]) => ({ group, resource, verbs });
  const ofGateways = "gateway.networking.k8s.io";
  const monitoring = new Set(objects.monitoring.map(({ kind }) => kind));
  const isDisk = storage.kind === "disk";
  const needed: readonly (Permission | false)[] = [
    objects.namespace ? inCluster("", "namespaces", change) : inNamespace("", "namespaces", ["get"]),
    ...["configmaps", "secrets", "serviceaccounts", "services"].map((it) => inNamespace("", it)),
    ...["pods", "endpoints"].map((it) => inNamespace("", it, watch)),
    isDisk && inNamespace("apps", "statefulsets"),
    !isDisk && inNamespace("apps", "deployments"),
    !isDisk && inNamespace("apps", "replicasets", watch),
    inNamespace("", "persistentvolumeclaims", isDisk ? change : watch),
    (isDisk || storage.scratchClass !== undefined) && inCluster("storage.k8s.io", "storageclasses"),
    region.scheduling.priorityClassName !== undefined && inCluster("scheduling.k8s.io", "priorityclasses"),
    inNamespace("policy", "poddisruptionbudgets"),
    inNamespace("networking.k8s.io", "networkpolicies"),
    networkPolicies === "cilium" && inNamespace("cilium.io", "ciliumnetworkpolicies"),
    objects.autoscaler !== undefined && inNamespace("autoscaling", "horizontalpodautoscalers"),
    expose.kind === "ingress" && inNamespace("networking.k8s.io", "ingresses"),
    expose.kind === "ingress" &&
      expose.class !== undefined &&
      inCluster("networking.k8s.io", "ingressclasses"),
    expose.kind === "gateway" && inNamespace(ofGateways, "httproutes"),
    expose.kind === "gateway" && inNamespace(ofGateways, "gateways", ["get"], expose.gateway.namespace),
    tls.mode === "issuer" && inNamespace("cert-manager.io", "certificates"),
    tls.mode === "issuer" &&
      tls.group === undefined &&
      (tls.kind === "Issuer"
        ? inNamespace("cert-manager.io", "issuers", ["get"])
        : inCluster("cert-manager.io", "clusterissuers", ["get"])),
    monitoring.has("PodMonitor") && inNamespace("monitoring.coreos.com", "podmonitors"),
    monitoring.has("PrometheusRule") && inNamespace("monitoring.coreos.com", "prometheusrules"),
  ];
  return needed.filter((it) => it !== false);
}

/** The rights that the user lacks, with the missing verbs only. */
export async function missingPermissions(
  { authorization }: ClusterApi,
  permissions: readonly Permission[],
): Promise<Permission[]> {
  const may = async (verb: string, { verbs: _, ...what }: Permission) => {
    const body = { spec: { resourceAttributes: { verb, ...what } } };
    const { status } = await authorization.createSelfSubjectAccessReview({ body });
    return status?.allowed === true;
  };
  // A user with all rights needs no further requests.
  if (await may("*", { group: "*", resource: "*", verbs: [] })) return [];
  const missing = permissions.map(async (permission) => {
    const answers = await Promise.all(permission.verbs.map((verb) => may(verb, permission)));
    return { ...permission, verbs: permission.verbs.filter((_, index) => !answers[index]) };
  });
  return (await Promise.all(missing)).filter(({ verbs }) => verbs.length > 0);
}

/** Whether the user can read everything that a preview asks for, if these rights are missing. */
export function allowsPreview(missing: readonly Permission[]): boolean {
  return missing.every(({ verbs }) => !verbs.some((verb) => ["get", ...watch].includes(verb)));
}

/** Lists rights with kubectl's names: `list and watch pods, endpoints in the namespace caches; get clusterissuers.cert-manager.io`. */
export function inWords(permissions: readonly Permission[]): string {
  const alike = Map.groupBy(permissions, ({ verbs, namespace }) => JSON.stringify([verbs, namespace]));
  return [...alike.values()]
    .map((all) => {
      const [{ verbs, namespace } = { verbs: [] }] = all;
      const names = all.map(({ group, resource }) => (group ? `${resource}.${group}` : resource));
      const where = namespace === undefined ? "" : ` in the namespace ${namespace}`;
      return `${verbs.join(", ").replace(/, (?=[^,]*$)/, " and ")} ${names.join(", ")}${where}`;
    })
    .join("; ");
}
