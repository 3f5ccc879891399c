import { ApiException, type V1APIResourceList } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import { type ClusterApi, ifThere, type Question } from "./cluster-api.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { NetworkPolicies } from "./workload-args.ts";

/** A part of Kubernetes's API that not every cluster serves. */
interface NeededKind {
  /** Path of the setting that needs the kind. */
  readonly path: string;
  readonly group: string;
  /** One of these versions is enough. */
  readonly versions: readonly string[];
  /** @default any kind of the group */
  readonly kind?: string;
  /** The software that adds the kind. */
  readonly by: string;
}

/** The workload's kinds that other software adds to a cluster. */
const brought: Readonly<Record<string, Pick<NeededKind, "path" | "by">>> = {
  Certificate: { path: "endpoint.tls.mode", by: "cert-manager" },
  HTTPRoute: { path: "expose.kind", by: "the Gateway API" },
  PodMonitor: { path: "operator.podMonitor", by: "the Prometheus Operator" },
  PrometheusRule: { path: "operator.prometheusRule", by: "the Prometheus Operator" },
};

function neededKinds({ certificate, route, monitoring, autoscaler }: WorkloadObjects): NeededKind[] {
  const ofObjects = [certificate, route, ...monitoring].flatMap((object) => {
    const { kind = "", apiVersion = "" } = object ?? {};
    const [group = "", version = ""] = apiVersion.split("/");
    return brought[kind] ? [{ ...brought[kind], kind, group, versions: [version] }] : [];
  });
  const ofMetrics = (autoscaler?.spec.metrics ?? []).map(({ type }) =>
    type === "Pods"
      ? {
          path: "replicas.connections",
          group: "custom.metrics.k8s.io",
          versions: ["v1beta2", "v1beta1"],
          by: "an adapter for Prometheus's metrics",
        }
      : {
          path: "replicas.max",
          group: "metrics.k8s.io",
          versions: ["v1beta1"],
          by: "the metrics server",
        },
  );
  return [...ofObjects, ...ofMetrics];
}

/** The kinds that the configuration needs and the cluster doesn't serve. */
export async function missingKinds(question: Question): Promise<Problem[]> {
  const problems = neededKinds(question.objects).map(async (needed): Promise<Problem[]> => {
    if (await isServed(question.api, needed)) return [];
    const { path, group, kind, by } = needed;
    return [
      { path, message: `the cluster doesn't serve ${kind ? `${kind} of ${group}` : group}: install ${by}` },
    ];
  });
  return (await Promise.all(problems)).flat();
}

/** Whether the cluster serves Cilium's kind of policy, which doesn't prove that Cilium runs there. Every user of the API server may list the served kinds, so this needs no further right. */
export async function networkPoliciesOf(api: ClusterApi): Promise<NetworkPolicies> {
  const cilium = { group: "cilium.io", versions: ["v2"], kind: "CiliumNetworkPolicy" };
  return (await isServed(api, cilium)) ? "cilium" : "kubernetes";
}

/** OpenShift refuses Pods that set their user. Elsewhere, Pods that set none would run as their image's user, root, and be refused, too. */
export async function userProblems({ region, api }: Question): Promise<Problem[]> {
  const openShift = { group: "security.openshift.io", versions: ["v1"], kind: "SecurityContextConstraints" };
  const leavesUser = region.pods.runAsUser === "cluster";
  const isOpenShift = await isServed(api, openShift);
  if (isOpenShift === leavesUser) return [];
  const message = isOpenShift
    ? "must be `cluster`: this is OpenShift, which lets Pods run only as a user of their namespace's range"
    : "can't be `cluster`: this isn't OpenShift, so nothing gives the Pods a user. Leave it out";
  return [{ path: "pods.runAsUser", message }];
}

async function isServed(
  api: ClusterApi,
  { group, versions, kind }: Pick<NeededKind, "group" | "versions" | "kind">,
): Promise<boolean> {
  const asked = versions.map(async (version): Promise<V1APIResourceList | undefined | null> => {
    try {
      return await ifThere(api.custom.getAPIResources({ group, version }));
    } catch (error) {
      // A group can have its own server that is down, such as the metrics server: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
      if (error instanceof ApiException && error.code === 503) return null;
      throw error;
    }
  });
  const lists = await Promise.all(asked);
  return lists.some((list) => list && (kind === undefined || list.resources.some((it) => it.kind === kind)));
}
