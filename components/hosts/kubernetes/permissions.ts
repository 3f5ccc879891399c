import type { ClusterApi } from "./cluster-api.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** What the user of the context must be allowed to do. */
export interface Permission {
  /** Empty for the core group. */
  readonly group: string;
  /** In the plural, as in a Role. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** @default in the whole cluster */
  readonly namespace?: string;
}

const watch = ["list", "watch"];
/** Pulumi's provider watches whatever it deletes until it is gone; without the right to, it waits for ever. */
const change = ["create", "get", ...watch, "patch", "delete"];

/** Those that a region's cache takes; docs/kubernetes.md has them as a ClusterRole. */
export function permissionsFor(region: WorkloadRegion, objects: WorkloadObjects): Permission[] {
  const { namespace } = region;
  const inNamespace = (group: string, resource: string, verbs = change) => ({
    group,
    resource,
    verbs,
    namespace,
  });
  const monitoring = new Set(objects.monitoring.map(({ kind }) => kind));
  return [
    objects.namespace
      ? { group: "", resource: "namespaces", verbs: change }
      : inNamespace("", "namespaces", ["get"]),
    ...["configmaps", "secrets", "serviceaccounts", "services"].map((it) => inNamespace("", it)),
    ...["pods", "endpoints"].map((it) => inNamespace("", it, watch)),
    ...(region.storage.kind === "disk"
      ? [inNamespace("apps", "statefulsets"), inNamespace("", "persistentvolumeclaims")]
      : [
          inNamespace("apps", "deployments"),
          inNamespace("apps", "replicasets", watch),
          inNamespace("", "persistentvolumeclaims", watch),
        ]),
    ...(hasVolumes(region) ? [{ group: "storage.k8s.io", resource: "storageclasses", verbs: ["list"] }] : []),
    ...(region.scheduling.priorityClassName === undefined
      ? []
      : [{ group: "scheduling.k8s.io", resource: "priorityclasses", verbs: ["list"] }]),
    inNamespace("policy", "poddisruptionbudgets"),
    inNamespace("networking.k8s.io", "networkpolicies"),
    ...(region.networkPolicies === "cilium" ? [inNamespace("cilium.io", "ciliumnetworkpolicies")] : []),
    ...(objects.autoscaler ? [inNamespace("autoscaling", "horizontalpodautoscalers")] : []),
    ...forExposure(region),
    ...forCertificate(region),
    ...(monitoring.has("PodMonitor") ? [inNamespace("monitoring.coreos.com", "podmonitors")] : []),
    ...(monitoring.has("PrometheusRule") ? [inNamespace("monitoring.coreos.com", "prometheusrules")] : []),
  ];
}

function hasVolumes({ storage }: WorkloadRegion): boolean {
  return storage.kind === "disk" || storage.scratchClass !== undefined;
}

function forExposure({ expose, namespace }: WorkloadRegion): Permission[] {
  switch (expose.kind) {
    case "loadBalancer":
      return [];
    case "ingress": {
      const group = "networking.k8s.io";
      return [
        { group, resource: "ingresses", verbs: change, namespace },
        ...(expose.class === undefined ? [] : [{ group, resource: "ingressclasses", verbs: ["list"] }]),
      ];
    }
    case "gateway": {
      const group = "gateway.networking.k8s.io";
      return [
        { group, resource: "httproutes", verbs: change, namespace },
        { group, resource: "gateways", verbs: ["get"], namespace: expose.gateway.namespace },
      ];
    }
  }
}

function forCertificate({ endpoint, namespace }: WorkloadRegion): Permission[] {
  const { tls } = endpoint;
  if (tls.mode !== "issuer") return [];
  const group = "cert-manager.io";
  const verbs = ["get"];
  return [
    { group, resource: "certificates", verbs: change, namespace },
    tls.kind === "Issuer"
      ? { group, resource: "issuers", verbs, namespace }
      : { group, resource: "clusterissuers", verbs },
  ];
}

/** Those that the user lacks, with the verbs that are missing. */
export async function missingPermissions(
  { authorization }: ClusterApi,
  permissions: readonly Permission[],
): Promise<Permission[]> {
  const may = async (verb: string, { verbs: _, ...what }: Permission) => {
    const body = { spec: { resourceAttributes: { verb, ...what } } };
    const { status } = await authorization.createSelfSubjectAccessReview({ body });
    return status?.allowed === true;
  };
  // Who may do everything is asked for nothing more.
  if (await may("*", { group: "*", resource: "*", verbs: [] })) return [];
  const missing = permissions.map(async (permission) => {
    const answers = await Promise.all(permission.verbs.map((verb) => may(verb, permission)));
    return { ...permission, verbs: permission.verbs.filter((_, index) => !answers[index]) };
  });
  return (await Promise.all(missing)).filter(({ verbs }) => verbs.length > 0);
}

/** As kubectl names it all: `list and watch pods, endpoints in the namespace caches; get clusterissuers.cert-manager.io`. */
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
