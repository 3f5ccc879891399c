import type { Service, ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import type { Ingress } from "kubernetes-types/networking/v1.d.ts";
import { everyone } from "../../config/access.ts";
import { familiesOf } from "./families.ts";
import {
  type CustomObject,
  selectorLabels,
  tlsSecretOf,
  withoutWaiting,
  workloadMetadata,
  workloadName,
} from "./names.ts";
import { portNames } from "./pod.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
type HttpRoute = CustomObject<"HTTPRoute">;

/** How clients reach the replicas. Doesn't expose the metrics. */
export interface Exposure {
  readonly service: Service;
  readonly route?: Ingress | HttpRoute;
}

/** Port of the Service inside the cluster, behind a proxy. */
const plainPort = 80;

export function exposure(region: WorkloadRegion): Exposure {
  const { expose } = region;
  switch (expose.kind) {
    case "loadBalancer":
      return { service: loadBalancer(region, expose) };
    case "ingress":
    case "gateway": {
      const spec = { type: "ClusterIP", ...familiesOf(expose) };
      const route = expose.kind === "ingress" ? ingress(region, expose) : httpRoute(region, expose);
      return { service: service(region, expose.service, plainPort, spec), route };
    }
  }
}

type Expose<Kind> = Extract<WorkloadRegion["expose"], { kind: Kind }>;

/** Preserves the clients' addresses, because the edge checks them: https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip */
function loadBalancer(region: WorkloadRegion, expose: Expose<"loadBalancer">): Service {
  const { endpoint, access } = region;
  const isPublic = everyone.every((range) => access.clients.includes(range));
  const annotations = {
    ...expose.annotations,
    ...(expose.externalDns && { "external-dns.alpha.kubernetes.io/hostname": endpoint.hostname }),
  };
  return service(region, { ...expose, annotations }, endpoint.port, {
    type: "LoadBalancer",
    externalTrafficPolicy: "Local",
    ...familiesOf(expose),
    ...(expose.class !== undefined && { loadBalancerClass: expose.class }),
    ...(!isPublic && { loadBalancerSourceRanges: access.clients }),
  });
}

function service(
  region: WorkloadRegion,
  { annotations, labels }: Pick<Expose<"loadBalancer">, "annotations" | "labels">,
  port: number,
  spec: ServiceSpec,
): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: workloadMetadata(region, annotations, labels),
    spec: {
      ...spec,
      selector: selectorLabels(region.name),
      ports: [{ name: portNames.endpoint, port, targetPort: portNames.endpoint }],
    },
  };
}

/** external-dns reads the hostname from the object itself, unless this annotation tells it to ignore the object. */
function forExternalDns({ externalDns }: { externalDns: boolean }): Record<string, string> {
  return externalDns ? {} : { "external-dns.alpha.kubernetes.io/controller": "none" };
}

function ingress(region: WorkloadRegion, expose: Expose<"ingress">): Ingress {
  const { hostname } = region.endpoint;
  // Some controllers never write an address into the Ingress's status, so Pulumi must not wait for it.
  const annotations = { ...expose.annotations, ...forExternalDns(expose), ...withoutWaiting };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: workloadMetadata(region, annotations, expose.labels),
    spec: {
      ...(expose.class !== undefined && { ingressClassName: expose.class }),
      tls: [{ hosts: [hostname], secretName: tlsSecretOf(region.endpoint) }],
      rules: [
        {
          host: hostname,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: workloadName, port: { name: portNames.endpoint } } },
              },
            ],
          },
        },
      ],
    },
  };
}

function httpRoute(region: WorkloadRegion, expose: Expose<"gateway">): HttpRoute {
  const { name, namespace, listener } = expose.gateway;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: workloadMetadata(region, { ...expose.annotations, ...forExternalDns(expose) }, expose.labels),
    spec: {
      parentRefs: [{ name, namespace, ...(listener !== undefined && { sectionName: listener }) }],
      hostnames: [region.endpoint.hostname],
      rules: [
        {
          backendRefs: [{ name: workloadName, port: plainPort }],
          // A large layer over a slow connection takes longer than a proxy's default limit: https://gateway-api.sigs.k8s.io/geps/gep-1742/
          ...(expose.timeouts && { timeouts: { request: "0s" } }),
        },
      ],
    },
  };
}
