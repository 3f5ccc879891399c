/** Limits for requests in progress. Beyond them, the edge answers 503, so that clients fall back. */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The memory of nginx that a client holds while it reads a cached blob slowly: see `output_buffers`. */
const transferMiB = 0.6;
/** nginx's memory with full zones of keys, but without requests. */
const nginxMiB = 128;
/** Enough for a cache that is too small for its configuration to serve anything at all. */
const leastTransfers = 32;

/** Half of a worker's connections, so that no client can block the others. A cluster behind a NAT gateway is one address. */
const connectionsPerClient = 4096;

/** For the http block. Each port has a count of its own, so clients can't use up what is left for other replicas. nginx doesn't count requests with an empty key. */
export function limitZones(): Directive[] {
  return [
    directive("limit_conn_zone", "$binary_remote_addr", "zone=clients:8m"),
    block("map", "$kind", "$transfer_port", [directive("default", ""), directive("blob", "$server_port")]),
    directive("limit_conn_zone", "$transfer_port", "zone=transfers:32k"),
  ];
}

/** For the server block of the clients. */
export function limitsOfClients(options: PodOptions): Directive[] {
  return [directive("limit_conn", "clients", connectionsPerClient), ...limitOfTransfers(options)];
}

/** For a server block: the requests for blobs that nginx's memory suffices for. With more slow clients, the kernel would kill nginx for all of them. */
export function limitOfTransfers({ edgeMemoryMiB, transfersMiB, peers }: PodOptions): Directive[] {
  const available = transfersMiB ?? edgeMemoryMiB - nginxMiB;
  // A blob that a replica gets from another one is in progress in both.
  const most = Math.floor(available / transferMiB / (peers ? 2 : 1));
  return [
    directive("limit_conn", "transfers", Math.max(leastTransfers, most)),
    directive("limit_conn_status", 503),
  ];
}
