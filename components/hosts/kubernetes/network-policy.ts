import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
} from "kubernetes-types/networking/v1.d.ts";
import { serviceNamespace } from "../../config/text.ts";
import { metricsPort } from "../../pod/ports.ts";
import type { ObjectStore } from "../../pod/store.ts";
import { objectLabels, selectorLabels, workloadName } from "./names.ts";
import { edgePort } from "./pod.ts";
import type { WorkloadPlanArgs } from "./workload-args.ts";

/** Where EKS Pod Identity gives out credentials, on each node: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const podIdentityAgent = ["169.254.170.23/32", "fd00:ec2::23/128"];

/** Who reaches the Pods, and whom they reach. Where the cluster's network knows no policies, the edge's own list is what holds. */
export function networkPolicy(args: WorkloadPlanArgs): NetworkPolicy {
  const { name, namespace } = args.region;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: workloadName, namespace, labels: objectLabels(name) },
    spec: {
      podSelector: { matchLabels: selectorLabels(name) },
      policyTypes: ["Ingress", "Egress"],
      ingress: incoming(args),
      egress: outgoing(args),
    },
  };
}

function incoming({ region }: WorkloadPlanArgs): NetworkPolicyIngressRule[] {
  const { expose, access, loadBalancerRanges = [] } = region;
  const clients = "proxies" in expose ? expose.proxies : [...access.clients, ...loadBalancerRanges];
  const from = (ranges: readonly string[], port: number) => ({
    from: [...new Set(ranges)].map((cidr) => ({ ipBlock: { cidr } })),
    ports: [tcp(port)],
  });
  return [from(clients, edgePort), ...(access.metrics.length > 0 ? [from(access.metrics, metricsPort)] : [])];
}

/** Names, and the servers of the configuration, which have no addresses of their own that last. */
function outgoing(args: WorkloadPlanArgs): NetworkPolicyEgressRule[] {
  const { storage } = args.region;
  return [
    { ports: [{ port: 53, protocol: "UDP" }, tcp(53)] },
    { ports: serverPorts(args).map(tcp) },
    // A policy is compared with the port of the Pod behind a Service, which its URL doesn't say:
    // https://github.com/cilium/cilium/issues/48141, https://github.com/projectcalico/calico/issues/2635
    ...serviceNamespaces(args).map((namespace) => ({
      to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }],
    })),
    ...(storage.kind === "bucket" && hasPodIdentity(storage.store)
      ? [{ to: podIdentityAgent.map((cidr) => ({ ipBlock: { cidr } })), ports: [tcp(80)] }]
      : []),
  ];
}

/** Of the registries, of the bucket, and of whoever gets metrics and alerts. */
function servers({ upstreams, monitoring, region }: WorkloadPlanArgs): URL[] {
  const { storage } = region;
  const endpoint =
    storage.kind === "bucket" && storage.store.kind === "s3" ? storage.store.endpoint : undefined;
  const urls = [
    ...upstreams.map(({ url }) => url),
    ...monitoring.alertmanagers,
    ...(monitoring.remoteWrite ? [monitoring.remoteWrite.url] : []),
    ...(endpoint === undefined ? [] : [endpoint]),
  ];
  return urls.map((url) => new URL(url));
}

/** Sorted. */
function serverPorts(args: WorkloadPlanArgs): number[] {
  // A registry's blobs are often at another server, which has the usual port.
  const ports = new Set([443, ...servers(args).map(portOf)]);
  return [...ports].sort((one, other) => one - other);
}

/** Of the servers that are Services of this cluster. Sorted. */
function serviceNamespaces(args: WorkloadPlanArgs): string[] {
  return [...new Set(servers(args).flatMap(({ hostname }) => serviceNamespace(hostname) ?? []))].sort();
}

function portOf({ port, protocol }: URL): number {
  return port ? Number(port) : protocol === "http:" ? 80 : 443;
}

function hasPodIdentity(store: ObjectStore): boolean {
  return store.kind === "s3" && store.endpoint === undefined && store.credentials === undefined;
}

function tcp(port: number) {
  return { port, protocol: "TCP" };
}
