/** What no account or cluster may have by the rules in policy/, and what it may have only if a stack's configuration says so. */
import { resourceViolations } from "../../policy/judge.ts";
import type { Resource } from "../../policy/rule.ts";
import { openingsOf } from "../../policy/rules/open-ports.ts";
import { parseSettings } from "../../policy/settings.ts";
import type { Thing } from "../doubles/cloud.ts";
import { valueAt } from "../doubles/values.ts";

export interface Exposure {
  /** Ranges that may reach the endpoint. */
  readonly clients: readonly string[];
  /** Ranges that may read the metrics. */
  readonly metrics: readonly string[];
  /** Ports of the endpoints. @default 443 */
  readonly ports?: readonly number[];
}

const metricsPort = 9443;

/** The ranges to which a stack file opens a region. */
export function exposureOf(regions: readonly unknown[]): Exposure {
  const ranges = (list: string) =>
    regions.flatMap((region) => {
      const value = valueAt(`access.${list}`, region);
      return value === "public" ? ["0.0.0.0/0", "::/0"] : ((value ?? []) as string[]);
    });
  const ports = regions.map((region) => Number(valueAt("endpoint.port", region) ?? 443));
  return { clients: ranges("clients"), metrics: ranges("metrics"), ports };
}

/** A cloud's resource in the form that the rules take. */
function asResource({ type, name = "", inputs }: Pick<Thing, "type" | "name" | "inputs">): Resource {
  return { type, name, props: inputs };
}

/** Describes each violation. */
export function violationsIn(resources: readonly Resource[], exposure: Exposure): string[] {
  const { clients, metrics, ports = [443] } = exposure;
  const allowed = (port: number) => (ports.includes(port) ? clients : port === metricsPort ? metrics : []);
  // The rules forbid ranges of ports, so the first port is enough.
  const beyond = resources.flatMap(openingsOf).flatMap(({ first, from }) =>
    from
      .map((source) => (source === "*" ? "0.0.0.0/0" : source))
      .filter((source) => !allowed(first).includes(source))
      .map((source) => `port ${first} is open to ${source}`),
  );
  const settings = parseSettings({ "open-ports": { publicPorts: ports } });
  const against = resourceViolations(resources, "test", settings).map(
    ({ rule, resource: { type, name }, message }) => `${rule}: ${type} ${name} ${message}`,
  );
  return [...beyond, ...against];
}

/** Describes each violation among a cloud's resources. */
export function violationsOf(things: readonly Thing[], exposure: Exposure): string[] {
  return violationsIn(things.map(asResource), exposure);
}
