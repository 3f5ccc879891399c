/** Limits for requests in progress. Beyond them, the edge answers 503, so that clients fall back. */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The memory of nginx that a client holds while it reads a cached blob slowly: see `output_buffers`. */
const transferMiB = 0.6;
/** nginx's memory with full zones of keys, but without requests. */
const nginxMiB = 128;
/** What the smallest replica has memory for. Also for a machine whose memory is just planned for the parts of its Pod, which rarely use all of it. */
const leastTransfers = 256;

/** Half of a worker's connections. A request that waits for an origin takes up to two more of them. A cluster behind a NAT gateway is one address. */
const connectionsPerClient = 4096;

const status = [directive("limit_conn_status", 503)];

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
export function limitOfTransfers({ edgeMemoryMiB, transfersMiB, store }: PodOptions): Directive[] {
  // Clients get most blobs from the bucket, and origins fill only some at a time.
  if (store?.delivery === "redirect") return status;
  const most = Math.floor((transfersMiB ?? edgeMemoryMiB - nginxMiB) / transferMiB);
  return [directive("limit_conn", "transfers", Math.max(leastTransfers, most)), ...status];
}
