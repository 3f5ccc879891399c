import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { type PodPorts, podPortCount, podPorts } from "../../config/ports.ts";
import type { LocalRegion, Upstream } from "../../config/schema.ts";

/** Where the Pod listens on this machine. */
export const localAddress = "127.0.0.1";

/** Where the cache of a local region is on this machine. */
export interface Layout {
  readonly podName: string;
  /** The parent of all the rest. */
  readonly directory: string;
  readonly cache: string;
  readonly prometheus: string;
  readonly tls: string;
  origin(upstream: string): string;
  secret(name: string): string;
  readonly ports: PodPorts;
  /** All ports that the Pod takes, with the setting that says so. */
  readonly claims: readonly { readonly path: string; readonly port: number }[];
  readonly diskGiB: number;
}

/** What `auto` means on a machine that has other uses. */
const defaultDiskGiB = 20;

export function layout(region: LocalRegion, upstreams: readonly Upstream[]): Layout {
  const directory = region.dataDir ?? join(dataHome(), "registry-cache", region.name);
  const internal = Array.from(
    { length: podPortCount(upstreams.length) },
    (_, index) => region.internalPort + index,
  );
  return {
    podName: `registry-cache-${region.name}`,
    directory,
    cache: join(directory, "cache"),
    prometheus: join(directory, "prometheus"),
    tls: join(directory, "tls"),
    origin: (upstream) => join(directory, `origin-${upstream}`),
    secret: (name) => join(directory, "secrets", name),
    ports: podPorts(region.internalPort, upstreams.length),
    claims: [
      { path: "endpoint.port", port: region.endpoint.port },
      ...internal.map((port) => ({ path: "internalPort", port })),
    ],
    diskGiB: region.storage.sizeGiB === "auto" ? defaultDiskGiB : region.storage.sizeGiB,
  };
}

const portsLabel = "registry-cache/ports";

/** The label by which a running Pod is known to hold its ports: `8443_15000-15011`. */
export function portsLabels({ claims }: Layout): Record<string, string> {
  const [endpoint, ...internal] = claims.map(({ port }) => port);
  return { [portsLabel]: `${endpoint}_${internal[0]}-${internal.at(-1)}` };
}

/** The ports of a Pod that has {@link portsLabels}. */
export function claimedPorts({ labels }: { labels: Readonly<Record<string, string>> }): number[] {
  const [endpoint, first, last] = (labels[portsLabel] ?? "").split(/[_-]/).map(Number) as (
    | number
    | undefined
  )[];
  if (endpoint === undefined || first === undefined || last === undefined) return [];
  return [endpoint, ...Array.from({ length: last - first + 1 }, (_, index) => first + index)];
}

/** https://specifications.freedesktop.org/basedir-spec/latest/: a path that isn't absolute is to be ignored. */
function dataHome(): string {
  const configured = process.env.XDG_DATA_HOME;
  return configured && isAbsolute(configured) ? configured : join(homedir(), ".local", "share");
}
