import { z } from "zod";
import { isSecurityGroup } from "./addresses.ts";
import { entriesOf, fieldOf, valueAt } from "./as-written.ts";
import { isPublic } from "./endpoint.ts";
import { engineProblems } from "./engines.ts";
import { governanceProblems } from "./governance.ts";
import { sharedPlaces } from "./own-places.ts";
import { podPortCount } from "./ports.ts";
import { prefetchProblems } from "./prefetch.ts";
import type { Problem } from "./problems.ts";
import { localRegion } from "./region.ts";
import { parseWith } from "./schema-problems.ts";
import { registryUrl } from "./upstream.ts";

type Raw = Record<string, unknown>;

/**
 * Checks that compare several entries of a stack. They read the configuration before its validation, so that their problems are reported
 * together with those of single fields. Every part of it can have any type.
 */
export function crossChecks(raw: Raw): Problem[] {
  return [
    ...duplicates(raw, "upstreams", ["name"]),
    ...duplicates(raw, "upstreams", ["registry"]),
    ...duplicates(raw, "regions", ["name"]),
    // Local regions share the machine's name, so their ports must differ.
    ...(raw.provider === "local" ? portOverlaps(raw) : duplicates(raw, "regions", ["endpoint", "hostname"])),
    ...sharedPlaces(entriesOf(raw.regions).map((region, index) => [`regions[${index}]`, region])),
    ...exposureProblems(raw),
    ...loops(raw),
    ...governanceProblems(raw),
    ...engineProblems(raw),
    ...prefetchProblems(raw),
  ];
}

/** Reports entries of a list that have the same text at a place as an earlier entry. */
function duplicates(raw: Raw, list: string, place: readonly string[]): Problem[] {
  const values = entriesOf(raw[list]).map((entry) => valueAt(place, entry));
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (typeof value !== "string" || first === index) return [];
    const path = `${list}[${index}].${place.join(".")}`;
    return [{ path, message: `"${value}" is already taken by ${list}[${first}]` }];
  });
}

function exposureProblems(raw: Raw): Problem[] {
  return entriesOf(raw.regions).flatMap((entry, index) => {
    const exposure = valueAt(["endpoint", "exposure"], entry);
    if (isPublic(exposure)) return groupProblems(entry, `regions[${index}]`);
    if (exposure !== "private" || valueAt(["access", "clients"], entry) !== "public") return [];
    const message =
      "is the whole internet, which doesn't reach an endpoint with `exposure: private`: name the clients' private ranges";
    return [{ path: `regions[${index}].access.clients`, message }];
  });
}

/** A rule that names a security group only matches private addresses: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-rules.html */
function groupProblems(region: unknown, path: string): Problem[] {
  const message = "is a security group, which lets in private addresses only: it needs `exposure: private`";
  return ["clients", "metrics"].flatMap((key) =>
    entriesOf(valueAt(["access", key], region)).flatMap((source, index) =>
      typeof source === "string" && isSecurityGroup(source)
        ? [{ path: `${path}.access.${key}[${index}]`, message }]
        : [],
    ),
  );
}

const localPorts = z.object({
  endpoint: localRegion.shape.endpoint,
  internalPort: localRegion.shape.internalPort,
});

/** Reports upstreams that are the endpoint of a region. Such a cache would send requests to itself in a loop. */
function loops(raw: Raw): Problem[] {
  const endpoints = entriesOf(raw.regions).map((region) => endpointHosts(region, raw.provider === "local"));
  return entriesOf(raw.upstreams).flatMap((entry, index) => {
    const { url, registry } = Object(entry);
    const address = url ?? registryUrl(registry);
    const host = URL.canParse(address) ? new URL(address).host : "";
    const own = endpoints.findIndex((hosts) => hosts.includes(host));
    if (own === -1) return [];
    const path = `upstreams[${index}].${url === undefined ? "registry" : "url"}`;
    return [
      { path, message: `is the endpoint of regions[${own}], which would pull from itself: name another one` },
    ];
  });
}

/** The endpoint as `host` or `host:port`, as it would appear in an upstream's URL. */
function endpointHosts(region: unknown, isLocal: boolean): string[] {
  const endpoint = isLocal ? parseWith(localPorts, region).data?.endpoint : fieldOf(region, "endpoint");
  const { hostname, port = 443 } = Object(endpoint);
  return [hostname, ...(isLocal ? ["localhost", "127.0.0.1", "[::1]"] : [])].map((name) =>
    port === 443 ? name : `${name}:${port}`,
  );
}

function portOverlaps(raw: Raw): Problem[] {
  const internalCount = podPortCount(entriesOf(raw.upstreams).length);
  const ranges = entriesOf(raw.regions).flatMap((entry, index) => {
    const { data } = parseWith(localPorts, entry);
    if (!data) return [];
    const { endpoint, internalPort } = data;
    return [
      { path: `regions[${index}].endpoint.port`, first: endpoint.port, last: endpoint.port },
      { path: `regions[${index}].internalPort`, first: internalPort, last: internalPort + internalCount - 1 },
    ];
  });
  return ranges.flatMap((range, index) => {
    const { path } = range;
    if (range.last > 65535) {
      return [
        { path, message: `needs ${internalCount} ports from here, beyond the last, 65535: start lower` },
      ];
    }
    const other = ranges
      .slice(0, index)
      .find(({ first, last }) => first <= range.last && range.first <= last);
    if (!other) return [];
    const message = `${describe(range)} overlaps ${describe(other)} of ${other.path}: choose another`;
    return [{ path, message }];
  });
}

function describe({ first, last }: { first: number; last: number }): string {
  return first === last ? `port ${first}` : `ports ${first}-${last}`;
}
