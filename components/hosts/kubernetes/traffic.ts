import { metricsPort } from "../../config/ports.ts";
import { serviceNamespace } from "../../config/text.ts";
import type { ObjectStore } from "../../pod/store.ts";
import { peerPods, peerPort, sharesBlobs } from "./peers.ts";
import { edgePort } from "./pod.ts";
import type { PodSelector, Source, WorkloadPlanArgs } from "./workload-args.ts";

/** A port of the Pods, and who may connect to it. */
export interface Incoming {
  readonly from: readonly Source[];
  readonly port: number;
}

/** Ports of others that the Pods connect to. */
export interface Outgoing {
  /** `podIdentityAgent`: a program on each node of EKS. */
  readonly to: "anywhere" | "podIdentityAgent" | PodSelector;
  /** @default all */
  readonly ports?: readonly { readonly port: number; readonly protocol: "TCP" | "UDP" }[];
}

/** Who reaches the Pods. */
export function incoming({ region }: WorkloadPlanArgs): Incoming[] {
  const { expose, access, loadBalancerRanges = [] } = region;
  const clients = "proxies" in expose ? expose.proxies : [...access.clients, ...loadBalancerRanges];
  return [
    { from: [...new Set(clients)], port: edgePort },
    ...(access.metrics.length > 0 ? [{ from: access.metrics, port: metricsPort }] : []),
    ...(sharesBlobs(region) ? [{ from: [peerPods(region)], port: peerPort }] : []),
  ];
}

const openShiftDns: PodSelector = { namespaceLabels: { "kubernetes.io/metadata.name": "openshift-dns" } };

/** Whom the Pods reach: names, and the servers of the configuration, whose addresses change. Nothing of the Pods asks the API server. */
export function outgoing(args: WorkloadPlanArgs): Outgoing[] {
  const { storage, pods } = args.region;
  return [
    ...(sharesBlobs(args.region) ? [{ to: peerPods(args.region), ports: [tcp(peerPort)] }] : []),
    { to: "anywhere", ports: [udp(53), tcp(53)] },
    // OpenShift's DNS listens there behind its Service, and its network compares the Pod's port.
    ...(pods?.runAsUser === "cluster" ? [{ to: openShiftDns, ports: [udp(5353), tcp(5353)] }] : []),
    { to: "anywhere", ports: serverPorts(args).map(tcp) },
    // A policy is compared with the port of the Pod behind a Service, which its URL doesn't say:
    // https://github.com/cilium/cilium/issues/48141, https://github.com/projectcalico/calico/issues/2635
    ...serviceNamespaces(args).map((namespace) => ({
      to: { namespaceLabels: { "kubernetes.io/metadata.name": namespace } },
    })),
    ...(storage.kind === "bucket" && hasPodIdentity(storage.store)
      ? [{ to: "podIdentityAgent", ports: [tcp(80)] } as const]
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

/** Of the servers that are no Services: those are reached in their namespaces alone. Sorted. */
function serverPorts(args: WorkloadPlanArgs): number[] {
  const outside = servers(args).filter(({ hostname }) => serviceNamespace(hostname) === undefined);
  // A registry's blobs are often at another server, which has the usual port.
  const ports = new Set([443, ...outside.map(portOf)]);
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

function udp(port: number) {
  return { port, protocol: "UDP" } as const;
}

function tcp(port: number) {
  return { port, protocol: "TCP" } as const;
}
