/** What must not be in any cluster, whatever a stack's configuration says, and what only if it says so. */
import { valueAt, valuesAt } from "../doubles/values.ts";
import { exposureOf } from "./posture.ts";

/** An object as a cluster is given it. */
export interface PlacedObject {
  readonly kind: string;
  readonly inputs: unknown;
}

/** Each a thing that shouldn't be. */
export function kubernetesViolations(
  objects: readonly PlacedObject[],
  regions: readonly unknown[],
): string[] {
  const of = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
  const unless = (found: readonly PlacedObject[], violation: string, fits: (inputs: unknown) => boolean) =>
    found.filter(({ inputs }) => !fits(inputs)).map(({ kind }) => `${kind}: ${violation}`);
  const workloads = of("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod");
  const pods = workloads.map(({ kind, inputs }) => ({ kind, inputs: valueAt("spec.template.spec", inputs) }));
  const containers = pods.flatMap(({ kind, inputs }) =>
    ["containers[*]", "initContainers[*]"].flatMap((path) =>
      valuesAt(path, inputs).map((container) => ({ kind: `${kind}'s container`, inputs: container })),
    ),
  );
  const { clients } = exposureOf(regions);
  const isOpen = (ranges: readonly unknown[]) =>
    ranges.length === 0 || ranges.some((it) => everyone.includes(String(it)));
  const mayBeOpen = clients.some((it) => everyone.includes(it));
  const policies = of("NetworkPolicy", "CiliumNetworkPolicy");
  const security = (path: string, wanted: unknown) => (inputs: unknown) =>
    valueAt(`securityContext.${path}`, inputs) === wanted;
  return [
    ...unless(of("Namespace"), "takes Pods that aren't restricted", (inputs) => {
      const labels = valueAt("metadata.labels", inputs) as Record<string, unknown> | undefined;
      return ["enforce", "audit", "warn"].every(
        (mode) => labels?.[`pod-security.kubernetes.io/${mode}`] === "restricted",
      );
    }),
    ...unless(pods, "shares something of its node", (inputs) =>
      ["hostNetwork", "hostPID", "hostIPC"].every((key) => !valueAt(key, inputs)),
    ),
    ...unless(pods, "mounts a path of its node", (inputs) =>
      valuesAt("volumes[*].hostPath", inputs).every((it) => !it),
    ),
    ...unless(pods, "may use any system call", security("seccompProfile.type", "RuntimeDefault")),
    ...unless(
      pods,
      "has a token for the cluster",
      (inputs) => valueAt("automountServiceAccountToken", inputs) === false,
    ),
    ...unless(
      of("ServiceAccount"),
      "gives out its token",
      (inputs) => valueAt("automountServiceAccountToken", inputs) === false,
    ),
    ...unless(
      containers,
      "is privileged",
      (inputs) => valueAt("securityContext.privileged", inputs) !== true,
    ),
    ...unless(containers, "may become root", security("allowPrivilegeEscalation", false)),
    ...unless(containers, "may be root", security("runAsNonRoot", true)),
    ...unless(containers, "may write where its image is", security("readOnlyRootFilesystem", true)),
    ...unless(containers, "has capabilities", (inputs) => {
      const capabilities = valueAt("securityContext.capabilities", inputs);
      return (
        String(valuesAt("drop[*]", capabilities)) === "ALL" && valuesAt("add[*]", capabilities).length === 0
      );
    }),
    ...unless(containers, "has no limit for its memory", (inputs) =>
      Boolean(valueAt("resources.limits.memory", inputs)),
    ),
    ...unless(of("Service"), "is open to everyone", (inputs) => {
      const ranges = valuesAt("spec.loadBalancerSourceRanges[*]", inputs);
      return mayBeOpen || valueAt("spec.type", inputs) !== "LoadBalancer" || !isOpen(ranges);
    }),
    ...unless(of("Service"), "shows what isn't the endpoint", (inputs) =>
      valuesAt("spec.ports[*].targetPort", inputs).every((port) => port === "endpoint"),
    ),
    ...unless(policies, "lets everyone in", (inputs) =>
      valuesAt("spec.ingress[*]", inputs).every((rule) => mayBeOpen || !isOpen(sourcesOf(rule))),
    ),
    ...(workloads.length > 0 && policies.length === 0 ? ["Pods that no NetworkPolicy is about"] : []),
    ...unless(
      of("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
      "gives rights in the cluster",
      () => false,
    ),
  ];
}

const everyone = ["0.0.0.0/0", "::/0", "world", "all"];

/** Of a rule of either kind: address ranges, entities, and whole selectors. */
function sourcesOf(rule: unknown): unknown[] {
  return [
    ...valuesAt("from[*]", rule).map((peer) => valueAt("ipBlock.cidr", peer) ?? peer),
    ...["fromCIDR[*]", "fromEntities[*]", "fromEndpoints[*]"].flatMap((path) => valuesAt(path, rule)),
  ];
}
