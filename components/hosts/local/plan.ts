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
  // Whoever is on this machine may read the metrics.
  const metrics = { scheme: "http", target: `${localAddress}:${place.ports.edgeStatus}` } as const;
  return { plan: { ...request, place, metrics }, problems: [], warnings: [] };
}

/** Where the Pod listens on this machine. */
export const localAddress = "127.0.0.1";

export type Layout = ReturnType<typeof layout>;

/** What `auto` means on a machine that has other uses. */
const defaultDiskGiB = 20;

/** Where the cache of a local region is on this machine. */
export function layout(region: LocalRegion, upstreams: readonly Upstream[]) {
  // The parent of all the rest.
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
    /** All ports that the Pod takes, with the setting that says so. */
    claims: [
      { path: "endpoint.port", port: region.endpoint.port },
      ...internal.map((port) => ({ path: "internalPort", port })),
    ],
    diskGiB: region.storage.sizeGiB === "auto" ? defaultDiskGiB : region.storage.sizeGiB,
  };
}

/** All ports of {@link Layout.claims}, as what runs on this machine says that it holds them: `8443 15000 15001 …` */
export function claimsText({ claims }: Layout): string {
  return `${claims.map(({ port }) => port).join(" ")}\n`;
}

/** The ports of {@link claimsText}. */
export function claimedPorts(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

/** https://specifications.freedesktop.org/basedir-spec/latest/: a path that isn't absolute is to be ignored. */
function dataHome(): string {
  const configured = process.env.XDG_DATA_HOME;
  return configured && isAbsolute(configured) ? configured : join(homedir(), ".local", "share");
}
