import { z } from "zod";
import { workloadNamespace } from "./cluster.ts";
import { podPortCount } from "./ports.ts";
import type { Problem } from "./problems.ts";
import { localRegion } from "./region.ts";
import { parseWith } from "./schema-problems.ts";

/**
 * What must hold between the entries of a stack. They work on the configuration as written, so that they are reported together with the
 * problems of single fields, and expect anything.
 */
export function crossChecks(raw: Record<string, unknown>): Problem[] {
  const upstreams = listOf(raw.upstreams);
  const regions = listOf(raw.regions);
  const isLocal = raw.provider === "local";
  return [
    ...duplicates(
      "upstreams",
      "name",
      upstreams.map((entry) => textAt(entry, "name")),
    ),
    ...duplicates(
      "upstreams",
      "registry",
      upstreams.map((entry) => textAt(entry, "registry")),
    ),
    ...duplicates(
      "regions",
      "name",
      regions.map((entry) => textAt(entry, "name")),
    ),
    // Local regions share the machine's name and are told apart by their ports.
    ...(isLocal
      ? portOverlaps(regions, podPortCount(upstreams.length))
      : duplicates(
          "regions",
          "endpoint.hostname",
          regions.map((entry) => textAt(fieldOf(entry, "endpoint"), "hostname")),
        )),
    ...(raw.provider === "kubernetes" ? namespaceOverlaps(regions) : []),
  ];
}

function duplicates(list: string, field: string, values: readonly (string | undefined)[]): Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (value === undefined || first === index) return [];
    return [
      { path: `${list}[${index}].${field}`, message: `"${value}" is already taken by ${list}[${first}]` },
    ];
  });
}

/** A namespace belongs to one region. */
function namespaceOverlaps(regions: readonly unknown[]): Problem[] {
  const places = regions.map((entry) => {
    const context = textAt(entry, "context");
    if (context === undefined) return undefined;
    const { data: namespace } = parseWith(workloadNamespace, fieldOf(entry, "namespace"));
    return JSON.stringify([textAt(entry, "kubeconfig"), context, namespace]);
  });
  return places.flatMap((place, index) => {
    const first = places.indexOf(place);
    if (place === undefined || first === index) return [];
    const message = `is that of regions[${first}], in the same cluster: each region needs one of its own`;
    return [{ path: `regions[${index}].namespace`, message }];
  });
}

const localPorts = z.object({
  endpoint: localRegion.shape.endpoint,
  internalPort: localRegion.shape.internalPort,
});

interface PortRange {
  path: string;
  first: number;
  last: number;
}

function portOverlaps(regions: readonly unknown[], internalCount: number): Problem[] {
  const ranges = regions.flatMap((entry, index): PortRange[] => {
    const { data } = parseWith(localPorts, entry);
    if (!data) return [];
    const { endpoint, internalPort } = data;
    return [
      { path: `regions[${index}].endpoint.port`, first: endpoint.port, last: endpoint.port },
      { path: `regions[${index}].internalPort`, first: internalPort, last: internalPort + internalCount - 1 },
    ];
  });
  return ranges.flatMap((range, index) => {
    if (range.last > 65535) {
      return [
        {
          path: range.path,
          message: `needs ${internalCount} ports from here, beyond the last, 65535: start lower`,
        },
      ];
    }
    const other = ranges
      .slice(0, index)
      .find(({ first, last }) => first <= range.last && range.first <= last);
    if (!other) return [];
    return [
      {
        path: range.path,
        message: `${describe(range)} overlaps ${describe(other)} of ${other.path}: choose another`,
      },
    ];
  });
}

function describe({ first, last }: PortRange): string {
  return first === last ? `port ${first}` : `ports ${first}-${last}`;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textAt(value: unknown, name: string): string | undefined {
  const text = fieldOf(value, name);
  return typeof text === "string" ? text : undefined;
}
