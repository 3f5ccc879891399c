import type { Container } from "kubernetes-types/core/v1.d.ts";
import type { EdgeAmounts } from "../../capacity/plan-replica.ts";
import { cpuMillisOf, memoryMiBOf } from "../../config/quantity.ts";
import { type ContainerResources, type PodPart, podParts } from "../../config/workload-pods.ts";
import { softLimit } from "../../pod/origin.ts";

/** The edge's resources in the configuration. nginx's number of workers and its page cache depend on them. A memory request without a limit counts as the limit. */
export function edgeAmounts(given: ContainerResources | undefined): EdgeAmounts {
  const cpu = given?.requests.cpu ?? given?.limits.cpu;
  const memory = given?.limits.memory ?? given?.requests.memory;
  return {
    ...(cpu !== undefined && { cpuMillis: cpuMillisOf(cpu) }),
    ...(memory !== undefined && { memoryMiB: memoryMiBOf(memory) }),
  };
}

/**
 * A container with the requests and limits of the configuration instead of its own. As in Kubernetes, a limit without a request is also the request. A request without a limit that exceeds
 * the container's own limit is also the limit.
 */
export function withResources(
  container: Container,
  resources: Partial<Record<PodPart, ContainerResources>> = {},
): Container {
  const part = partOf(container);
  const given = part && resources[part];
  if (!given) return container;
  const { requests, limits } = container.resources ?? {};
  const amount = (key: "cpu" | "memory", sizeOf: (quantity: string) => number) => {
    const request = given.requests[key] ?? given.limits[key] ?? requests?.[key];
    const own = limits?.[key];
    const limit =
      given.limits[key] ?? (own !== undefined && request && sizeOf(request) > sizeOf(own) ? request : own);
    return {
      request: request === undefined ? {} : { [key]: request },
      limit: limit === undefined ? {} : { [key]: limit },
    };
  };
  const [cpu, memory] = [amount("cpu", cpuMillisOf), amount("memory", memoryMiBOf)];
  const soft = memory.limit.memory === undefined ? undefined : softLimit(memoryMiBOf(memory.limit.memory));
  return {
    ...container,
    ...(soft && container.env && { env: container.env.map((it) => (it.name === soft.name ? soft : it)) }),
    resources: {
      requests: { ...requests, ...cpu.request, ...memory.request },
      limits: { ...limits, ...cpu.limit, ...memory.limit },
    },
  };
}

/** The name of the part. Each upstream has its own origin containers, and all of them are the part `origin`. Undefined for a container without settings. */
function partOf({ name }: Container): PodPart | undefined {
  const part = name.replace(/^(?:origin|stored)-.*/, "origin");
  return podParts.find((it) => it === part);
}
