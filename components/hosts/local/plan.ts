import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { podPortCount, podPorts } from "../../config/ports.ts";
import type { LocalRegion, Upstream } from "../../config/schema.ts";
import type { Planned, PlanRequest, RegionPlan } from "../kind.ts";

export interface LocalPlan extends RegionPlan<LocalRegion> {
  readonly place: Layout;
}

export function planLocal(request: PlanRequest<LocalRegion>): Planned<LocalPlan> {
  const place = layout(request.region, request.upstreams);
  // Everybody on this machine can read the metrics.
  const metrics = { scheme: "http", target: `${localAddress}:${place.ports.edgeStatus}` } as const;
  return { plan: { ...request, place, metrics }, problems: [], warnings: [] };
}

/** The Pod's listen address on this machine. */
export const localAddress = "127.0.0.1";

export type Layout = ReturnType<typeof layout>;

/** Disk size for `auto`: small, because the machine has other uses. */
const defaultDiskGiB = 20;

/** Paths and ports of a local region's cache on this machine. */
export function layout(region: LocalRegion, upstreams: readonly Upstream[]) {
  // The parent of all other directories.
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
    secret: (name: string) => join(directory, "secrets", name),
    origin: (upstream: string) => join(directory, `origin-${upstream}`),
    ports: podPorts(region.internalPort, upstreams.length),
    /** All ports that the Pod uses, each with the path of its setting. */
    claims: [
      { path: "endpoint.port", port: region.endpoint.port },
      ...internal.map((port) => ({ path: "internalPort", port })),
    ],
    diskGiB: region.storage.sizeGiB === "auto" ? defaultDiskGiB : region.storage.sizeGiB,
  };
}

/** The ports of {@link Layout.claims}, as a running Pod's bundle lists them: `8443 15000 15001 …` */
export function claimsText({ claims }: Layout): string {
  return `${claims.map(({ port }) => port).join(" ")}\n`;
}

/** Parses the text of {@link claimsText}. */
export function claimedPorts(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

/** https://specifications.freedesktop.org/basedir-spec/latest/: a path that isn't absolute must be ignored. */
function dataHome(): string {
  const configured = process.env.XDG_DATA_HOME;
  return configured && isAbsolute(configured) ? configured : join(homedir(), ".local", "share");
}
