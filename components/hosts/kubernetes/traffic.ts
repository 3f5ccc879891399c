import { isIPv6 } from "node:net";
import { metricsPort } from "../../config/ports.ts";
import { addressOf, isInternal, serviceNamespace } from "../../config/text.ts";
import { peerPods, peerPort, sharesBlobs } from "./peers.ts";
import { edgePort } from "./pod.ts";
import type { PodSelector, Source, WorkloadPlanArgs } from "./workload-args.ts";

/** A port of the Pods, and the sources that can connect to it. */
export interface Incoming {
  readonly from: readonly Source[];
  readonly port: number;
}

/** Destinations and ports that the Pods can connect to. */
export interface Outgoing {
  /** `podIdentityAgent`: a program on each EKS node. `range`: one address, and all Pods, because any of them may be behind a Service with this address. */
  readonly to: "anywhere" | "podIdentityAgent" | PodSelector | { readonly range: string };
  /** @default all ports */
  readonly ports?: readonly { readonly port: number; readonly protocol: "TCP" | "UDP" }[];
}

/** Who can connect to the Pods. */
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

/** What the Pods connect to: DNS, and the servers in the configuration, whose addresses change. The Pods send no requests to the API server. */
export function outgoing(args: WorkloadPlanArgs): Outgoing[] {
  const { region } = args;
  const { storage, pods } = region;
  const all = servers(args);
  // Services of this cluster are allowed by their namespaces instead of their ports.
  const outside = all.filter(({ hostname }) => !isInternal(hostname));
  const namespaces = new Set(all.flatMap(({ hostname }) => serviceNamespace(hostname) ?? []));
  const addressed = Map.groupBy(outside, ({ hostname }) => addressOf(hostname));
  // A registry's blobs are often on another server, with the default port.
  const ports = portsOf(addressed.get(undefined) ?? [], 443);
  const hasPodIdentity =
    storage.kind === "bucket" &&
    storage.store.kind === "s3" &&
    storage.store.endpoint === undefined &&
    storage.store.credentials === undefined;
  return [
    ...(sharesBlobs(region) ? [{ to: peerPods(region), ports: [tcp(peerPort)] }] : []),
    { to: "anywhere", ports: [udp(53), tcp(53)] },
    // Behind its Service, OpenShift's DNS listens on port 5353, and OpenShift's network compares the Pod's port.
    ...(pods.runAsUser === "cluster" ? [{ to: openShiftDns, ports: [udp(5353), tcp(5353)] }] : []),
    { to: "anywhere", ports: ports.map(tcp) },
    // Plain http is for addresses. Port 80 of all destinations would include the node's metadata service.
    ...[...addressed.keys()]
      .filter((address) => address !== undefined)
      .sort()
      .map((address) => ({
        to: { range: `${address}/${isIPv6(address) ? 128 : 32}` },
        ports: portsOf(addressed.get(address) ?? []).map(tcp),
      })),
    // For a Service, a policy is compared with the port of the Pod behind it, which isn't known from the URL:
    // https://github.com/cilium/cilium/issues/48141, https://github.com/projectcalico/calico/issues/2635
    ...[...namespaces].sort().map((namespace) => ({
      to: { namespaceLabels: { "kubernetes.io/metadata.name": namespace } },
    })),
    ...(hasPodIdentity ? [{ to: "podIdentityAgent", ports: [tcp(80)] } as const] : []),
  ];
}

/** URLs of the registries, the bucket, and the receivers of metrics and alerts. */
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

function portsOf(urls: readonly URL[], ...others: readonly number[]): number[] {
  const ports = urls.map(({ port, protocol }) => (port ? Number(port) : protocol === "http:" ? 80 : 443));
  return [...new Set([...others, ...ports])].sort((one, other) => one - other);
}

function udp(port: number) {
  return { port, protocol: "UDP" } as const;
}

function tcp(port: number) {
  return { port, protocol: "TCP" } as const;
}
