import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
} from "kubernetes-types/networking/v1.d.ts";
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
    ...(storage.kind === "bucket" && hasPodIdentity(storage.store)
      ? [{ to: podIdentityAgent.map((cidr) => ({ ipBlock: { cidr } })), ports: [tcp(80)] }]
      : []),
  ];
}

/** Of the registries, of the bucket, and of whoever gets metrics and alerts. Sorted. */
function serverPorts({ upstreams, monitoring, region }: WorkloadPlanArgs): number[] {
  const { storage } = region;
  const endpoint =
    storage.kind === "bucket" && storage.store.kind === "s3" ? storage.store.endpoint : undefined;
  const urls = [
    ...upstreams.map(({ url }) => url),
    ...monitoring.alertmanagers,
    ...(monitoring.remoteWrite ? [monitoring.remoteWrite.url] : []),
    ...(endpoint === undefined ? [] : [endpoint]),
  ];
  // A registry's blobs are often at another server, which has the usual port.
  const ports = new Set([443, ...urls.map(portOf)]);
  return [...ports].sort((one, other) => one - other);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port ? Number(port) : protocol === "http:" ? 80 : 443;
}

function hasPodIdentity(store: ObjectStore): boolean {
  return store.kind === "s3" && store.endpoint === undefined && store.credentials === undefined;
}

function tcp(port: number) {
  return { port, protocol: "TCP" };
}
