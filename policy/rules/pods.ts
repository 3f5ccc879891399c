import { kindOf, type Resource, rule } from "../rule.ts";
import { valueAt, valuesAt } from "../values.ts";

const workloads = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/** The Pod spec of a workload. Undefined for other resources. */
export function podOf(resource: Resource): unknown {
  if (!workloads.includes(kindOf(resource) ?? "")) return undefined;
  const { props } = resource;
  return (
    valueAt("spec.jobTemplate.spec.template.spec", props) ??
    valueAt("spec.template.spec", props) ??
    valueAt("spec", props)
  );
}

/** All containers of a Pod spec, including init containers. */
export function containersOf(pod: unknown): unknown[] {
  return ["containers[*]", "initContainers[*]"].flatMap((path) => valuesAt(path, pod));
}

type Demand = readonly [message: string, holds: (it: unknown) => boolean];

const is = (path: string, wanted: unknown) => (it: unknown) => valueAt(path, it) === wanted;

/** Stricter than https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted. */
const ofPods: readonly Demand[] = [
  [
    "shares something of its node",
    (it) => ["hostNetwork", "hostPID", "hostIPC"].every((key) => !valueAt(key, it)),
  ],
  ["mounts a path of its node", (it) => valuesAt("volumes[*].hostPath", it).every((one) => !one)],
  ["may use any system call", is("securityContext.seccompProfile.type", "RuntimeDefault")],
  ["has a token for the cluster", is("automountServiceAccountToken", false)],
];

const ofContainers: readonly Demand[] = [
  ["is privileged", (it) => valueAt("securityContext.privileged", it) !== true],
  ["may become root", is("securityContext.allowPrivilegeEscalation", false)],
  ["may be root", is("securityContext.runAsNonRoot", true)],
  ["may write where its image is", is("securityContext.readOnlyRootFilesystem", true)],
  [
    "has capabilities",
    (it) =>
      String(valuesAt("securityContext.capabilities.drop[*]", it)) === "ALL" &&
      valuesAt("securityContext.capabilities.add[*]", it).length === 0,
  ],
  ["has no limit for its memory", (it) => Boolean(valueAt("resources.limits.memory", it))],
];

const enforced = "pod-security.kubernetes.io/enforce";

const ofKinds: Readonly<Record<string, Demand>> = {
  Namespace: [
    `accepts Pods that aren't restricted: label it \`${enforced}: restricted\``,
    (it) =>
      (valueAt("metadata.labels", it) as Record<string, unknown> | undefined)?.[enforced] === "restricted",
  ],
  ServiceAccount: ["gives out its token", is("automountServiceAccountToken", false)],
  Service: [
    "exposes more than the endpoint",
    (it) => valuesAt("spec.ports[*].targetPort", it).every((port) => port === "endpoint"),
  ],
};

const rights = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

function unmetBy(it: unknown, demands: readonly Demand[]): string[] {
  return demands.filter(([, holds]) => !holds(it)).map(([message]) => message);
}

export const restrictedPods = rule({
  name: "restricted-pods",
  level: "mandatory",
  what: "Pods run without root, capabilities, tokens, rights in the cluster or anything of their node. Services expose only the endpoint, and a NetworkPolicy applies to every Pod.",
  why: "A vulnerability in one program must not become one of the cluster.",
  each(resource) {
    const kind = kindOf(resource) ?? "";
    const pod = podOf(resource);
    const own = ofKinds[kind];
    return [
      ...(own ? unmetBy(resource.props, [own]) : []),
      ...(rights.includes(kind) ? ["gives rights in the cluster"] : []),
      ...(pod === undefined ? [] : unmetBy(pod, ofPods)),
      ...containersOf(pod).flatMap((container) =>
        unmetBy(container, ofContainers).map(
          (message) => `its container ${valueAt("name", container)} ${message}`,
        ),
      ),
    ];
  },
  all(resources) {
    const isCovered = resources.some((it) => /^(?:Cilium)?NetworkPolicy$/.test(kindOf(it) ?? ""));
    return resources
      .filter((it) => !isCovered && podOf(it) !== undefined)
      .map((resource) => ({ resource, message: "no NetworkPolicy applies to its Pods" }));
  },
});
