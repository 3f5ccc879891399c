import { ApiException, type V1APIResourceList } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import { mostReplicas } from "./autoscaling.ts";
import { type ClusterApi, ifThere } from "./cluster-api.ts";
import type { Question } from "./question.ts";
import type { NetworkPolicies } from "./workload-args.ts";

/** A part of Kubernetes's API that not every cluster has. */
interface NeededKind {
  /** The setting that needs it. */
  readonly path: string;
  readonly group: string;
  /** One of them suffices. */
  readonly versions: readonly string[];
  /** @default the group alone matters */
  readonly kind?: string;
  /** Who brings it. */
  readonly by: string;
}

function neededKinds({ region }: Question): NeededKind[] {
  const { endpoint, expose, operator, replicas } = region;
  const scales = mostReplicas(region) > replicas.min;
  const prometheusOperator = {
    group: "monitoring.coreos.com",
    versions: ["v1"],
    by: "the Prometheus Operator",
  };
  const needed: (NeededKind | false)[] = [
    endpoint.tls.mode === "issuer" && {
      path: "endpoint.tls.mode",
      group: "cert-manager.io",
      versions: ["v1"],
      kind: "Certificate",
      by: "cert-manager",
    },
    expose.kind === "gateway" && {
      path: "expose.kind",
      group: "gateway.networking.k8s.io",
      versions: ["v1"],
      kind: "HTTPRoute",
      by: "the Gateway API",
    },
    operator.podMonitor && { ...prometheusOperator, path: "operator.podMonitor", kind: "PodMonitor" },
    operator.prometheusRule && {
      ...prometheusOperator,
      path: "operator.prometheusRule",
      kind: "PrometheusRule",
    },
    scales && {
      path: "replicas.max",
      group: "metrics.k8s.io",
      versions: ["v1beta1"],
      by: "the metrics server",
    },
    scales &&
      replicas.connections !== undefined && {
        path: "replicas.connections",
        group: "custom.metrics.k8s.io",
        versions: ["v1beta2", "v1beta1"],
        by: "an adapter for Prometheus's metrics",
      },
  ];
  return needed.filter((it) => it !== false);
}

/** What the configuration wants and the cluster doesn't serve. */
export async function missingKinds(question: Question): Promise<Problem[]> {
  const problems = neededKinds(question).map(async (needed): Promise<Problem[]> => {
    if (await isServed(question.api, needed)) return [];
    const { path, group, kind, by } = needed;
    return [
      { path, message: `the cluster doesn't serve ${kind ? `${kind} of ${group}` : group}: install ${by}` },
    ];
  });
  return (await Promise.all(problems)).flat();
}

/** Whether the cluster serves Cilium's kind of policy, which doesn't say that Cilium runs there. Whoever may ask the API server may ask which kinds it serves, so this takes no right of its own. */
export async function networkPoliciesOf(api: ClusterApi): Promise<NetworkPolicies> {
  const cilium = { group: "cilium.io", versions: ["v2"], kind: "CiliumNetworkPolicy" };
  return (await isServed(api, cilium)) ? "cilium" : "kubernetes";
}

async function isServed(
  api: ClusterApi,
  { group, versions, kind }: Pick<NeededKind, "group" | "versions" | "kind">,
): Promise<boolean> {
  const lists = await Promise.all(
    versions.map(
      (version): Promise<V1APIResourceList | undefined | null> =>
        ifThere(api.custom.getAPIResources({ group, version })).catch(nullIfDown),
    ),
  );
  return lists.some((list) => list && (kind === undefined || list.resources.some((it) => it.kind === kind)));
}

/** A group can have a server of its own, as metrics have: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/ */
function nullIfDown(error: unknown): null {
  if (error instanceof ApiException && error.code === 503) return null;
  throw error;
}
