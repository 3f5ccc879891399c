/** Settings of a workload on Kubernetes, in an existing cluster or in one that the stack creates. */
import { z } from "zod";
import { addressRange } from "./addresses.ts";
import {
  annotations,
  labels,
  labelValue,
  metadataKey,
  objectName,
  ownLabels,
  qualifiedName,
} from "./metadata.ts";
import { matching, off, on, wholeNumber } from "./text.ts";

/** https://kubernetes.io/docs/concepts/services-networking/service/#load-balancer-class */
const loadBalancerClass = matching(
  qualifiedName,
  "the class of a load balancer, like internal or example.com/internal",
);

/** Pods of the cluster, in any namespace unless `namespaceLabels` says otherwise. */
const podSelector = z
  .strictObject({
    namespaceLabels: labels
      .exactOptional()
      .describe("Labels of the Pods' namespaces. Default: Pods of all namespaces."),
    podLabels: labels.exactOptional().describe("Labels of the Pods. Default: all Pods of these namespaces."),
  })
  .refine(
    ({ namespaceLabels = {}, podLabels = {} }) =>
      Object.keys({ ...namespaceLabels, ...podLabels }).length > 0,
    { error: "selects nothing: set `namespaceLabels`, `podLabels` or both" },
  );

/** A source of connections to the workload, inside or outside the cluster: an address range, or Pods by their labels. */
export const source = z.union([addressRange, podSelector], {
  error:
    "must be an address range, like 10.1.0.0/16, or the labels of Pods, like { namespaceLabels: { kubernetes.io/metadata.name: monitoring } }",
});
const replicaCount = wholeNumber(1, 50);

/** How many Pods serve a region. */
export const replicas = z
  .strictObject({
    min: replicaCount.default(2).describe("Minimum number of replicas."),
    max: replicaCount
      .exactOptional()
      .describe(
        "Maximum number of replicas, which load decides; only with a bucket. Default: `min`, without autoscaling.",
      ),
    sharing: z
      .enum(["none", "hash"])
      .default("none")
      .describe(
        "With volumes, `none`: each replica fetches and keeps all blobs; `hash`: each keeps a part, and passes on the others', which causes traffic between zones.",
      ),
    cpuPercent: wholeNumber(10, 95)
      .default(70)
      .describe("Processor use of the edge, as a share of what it requests, above which a replica is added."),
    connections: z
      .int()
      .min(1)
      .exactOptional()
      .describe(
        "Connections per replica above which one is added: the metric `registry_cache_connections` of the custom metrics API. Default: only the processor counts.",
      ),
  })
  .refine(({ min, max }) => max === undefined || max >= min, { path: ["max"], error: "is less than `min`" })
  .prefault({})
  .describe("The replicas of the cache.");

const externalDns = on.describe("Whether external-dns creates the endpoint's records.");

/** The controller of an Ingress, or a Gateway. */
const proxies = z
  .array(source)
  .min(1)
  .describe(
    "The Pods of the controller or Gateway, by address range or by labels. They terminate TLS and name the client in `X-Forwarded-For`. Nobody else reaches the cache.",
  );

/** How a replica hands over its clients to the next one. The defaults are in components/hosts/kubernetes/handover.ts. */
const handover = {
  drainSeconds: z
    .int()
    .min(0)
    // With two minutes for pulls in progress, this is the longest time that the cluster autoscaler waits for a Pod to end:
    // https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md (max-graceful-termination-sec)
    .max(470)
    .exactOptional()
    .describe(
      "Seconds for which a replica that is being stopped still accepts connections. Default: 180 for a load balancer, 45 for an Ingress or a Gateway.",
    ),
  minReadySeconds: z
    .int()
    .min(0)
    // Kubernetes requires less than a Deployment's `progressDeadlineSeconds`, which is 600.
    .max(300)
    .exactOptional()
    .describe(
      "Seconds for which a new replica must be ready before the next one is replaced. Default: 180 for a load balancer, 30 for an Ingress or a Gateway. With volumes, less than 30 lets a replica whose upstreams are silent replace one that serves.",
    ),
};

/** https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services */
const ipFamilies = {
  ipFamilyPolicy: z
    .enum(["SingleStack", "PreferDualStack", "RequireDualStack"])
    .exactOptional()
    .describe(
      "`SingleStack`: one IP family; `PreferDualStack`: both where the cluster has both; `RequireDualStack`: both, or the preview refuses. Default: the cluster's first family.",
    ),
  ipFamilies: z
    .array(z.enum(["IPv4", "IPv6"]))
    .min(1)
    .refine((families) => new Set(families).size === families.length, { error: "names a family twice" })
    .exactOptional()
    .describe(
      "`IPv4` and `IPv6`, in order of preference. The first one can't change later. Default: in the cluster's order.",
    ),
};

/** The Service behind an Ingress or a Gateway. */
const innerService = z
  .strictObject({
    annotations: annotations
      .default({})
      .describe("Annotations of the Service behind the Ingress or Gateway."),
    labels: ownLabels.default({}).describe("Labels of this Service."),
    ipFamilyPolicy: ipFamilies.ipFamilyPolicy.describe("As `expose.ipFamilyPolicy`."),
    ipFamilies: ipFamilies.ipFamilies.describe("As `expose.ipFamilies`."),
  })
  .prefault({})
  .describe("The Service between the Ingress or Gateway and the Pods.");

/** Keys that all kinds of exposure have. */
const marks = {
  annotations: annotations.default({}).describe("Further annotations of the Service, Ingress or HTTPRoute."),
  labels: ownLabels.default({}).describe("Further labels of the Service, Ingress or HTTPRoute."),
};
const kind = <Name extends string>(name: Name) => z.literal(name).describe("The kind of exposure.");
const behindProxies = { ...marks, service: innerService, externalDns, ...handover, proxies };
const classMeaning = "Class of the load balancer or the Ingress. Default: the cluster's.";

/** How clients outside the cluster reach the workload. */
export const expose = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: kind("loadBalancer"),
      class: loadBalancerClass.exactOptional().describe(classMeaning),
      ...marks,
      ...ipFamilies,
      externalDns,
      ...handover,
    }),
    z.strictObject({
      kind: kind("ingress"),
      class: objectName.exactOptional().describe(classMeaning),
      ...behindProxies,
    }),
    z.strictObject({
      kind: kind("gateway"),
      gateway: z
        .strictObject({
          name: objectName.describe("Name of the existing Gateway."),
          namespace: objectName.describe("Namespace of the Gateway."),
          listener: objectName.exactOptional().describe("Name of its listener. Default: any that matches."),
        })
        .describe("The Gateway of the cache's HTTPRoute, which terminates TLS with its own certificate."),
      timeouts: on.describe(
        "Whether the HTTPRoute removes the Gateway's limit on a request's time. `false` for a Gateway that refuses this, such as GKE's: docs/kubernetes.md.",
      ),
      ...behindProxies,
    }),
  ])
  .prefault({ kind: "loadBalancer" })
  .describe("How clients reach the cache: by its own load balancer, an Ingress, or a Gateway.");

/** The identity that Pods use for a bucket. */
export const serviceAccount = z
  .strictObject({
    annotations: annotations
      .default({})
      .describe(
        "Annotations of the ServiceAccount: `eks.amazonaws.com/role-arn` for IRSA, `azure.workload.identity/client-id` for Azure.",
      ),
    podLabels: ownLabels
      .default({})
      .describe('Labels of the Pods: `azure.workload.identity/use: "true"` for Azure.'),
  })
  .prefault({})
  .describe("The cloud identity by which the Pods reach the bucket.");

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export const scheduling = z
  .strictObject({
    nodeSelector: labels
      .default({})
      .describe("Labels of the nodes that the cache may run on, in addition to `kubernetes.io/os: linux`."),
    tolerations: z
      .array(
        z
          .strictObject({
            key: metadataKey.exactOptional().describe("Key of the taint. Default: any, with `Exists`."),
            operator: z
              .enum(["Exists", "Equal"])
              .exactOptional()
              .describe("`Exists`: any value of the taint. Default: `Equal`."),
            value: labelValue.exactOptional().describe("Value of the taint, for `Equal`."),
            effect: z
              .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
              .exactOptional()
              .describe("Effect of the taint. Default: all."),
            tolerationSeconds: wholeNumber(0, 2 ** 31 - 1)
              .exactOptional()
              .describe(
                "How many seconds a replica stays on a node that gets the taint, for `NoExecute`. Default: forever.",
              ),
          })
          .refine(
            ({ effect, tolerationSeconds }) => tolerationSeconds === undefined || effect === "NoExecute",
            {
              path: ["tolerationSeconds"],
              error: "goes with `effect: NoExecute` only",
            },
          ),
      )
      .default([])
      .describe("Taints that the cache tolerates, as in a Pod."),
    affinity: z
      .partialRecord(
        z.enum(["nodeAffinity", "podAffinity", "podAntiAffinity"]),
        z.record(z.string(), z.unknown()),
      )
      .exactOptional()
      .describe(
        "Affinity, as in a Pod: `nodeAffinity`, `podAffinity`, `podAntiAffinity`. Default: none; the spread over zones and nodes holds in any case.",
      ),
    priorityClassName: objectName
      .exactOptional()
      .describe("PriorityClass of the Pods. Default: the cluster's."),
  })
  .prefault({})
  .describe("Where in the cluster the cache runs. Default: anywhere, spread over zones and nodes.");

/** Objects for a monitoring stack in the cluster. The first two need the operator's CustomResourceDefinitions, the dashboard needs Grafana's sidecar. */
export const operator = z
  .strictObject({
    podMonitor: off.describe("A PodMonitor of the Prometheus Operator, with all metrics of the cache."),
    prometheusRule: off.describe(
      "A PrometheusRule of the Prometheus Operator. Its alerts cover all caches whose metrics the Prometheus has, so set it in one stack per Prometheus.",
    ),
    dashboard: off.describe("A ConfigMap with the dashboard, for Grafana."),
    labels: labels
      .default({})
      .describe(
        'Labels by which the operator, or Grafana, finds these objects. The dashboard also has `grafana_dashboard: "1"`.',
      ),
    annotations: annotations.default({}).describe("Annotations of these objects."),
  })
  .prefault({})
  .describe(
    "Objects for a Prometheus Operator and a Grafana in the cluster. Default: none, the Pods watch themselves.",
  );
