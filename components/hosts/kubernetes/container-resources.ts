import type { Container } from "kubernetes-types/core/v1.d.ts";
import type { EdgeAmounts } from "../../capacity/plan-replica.ts";
import { cpuMillisOf, memoryMiBOf } from "../../config/quantity.ts";
import type { ContainerResources, PodPart } from "../../config/workload-pods.ts";
import { softLimit } from "../../pod/origin.ts";

/** What the configuration gives the edge, from which follow nginx's workers and its page cache. A request alone is also the limit of its memory. */
export function edgeAmounts(given: ContainerResources | undefined): EdgeAmounts {
  const cpu = given?.requests.cpu ?? given?.limits.cpu;
  const memory = given?.limits.memory ?? given?.requests.memory;
  return {
    ...(cpu !== undefined && { cpuMillis: cpuMillisOf(cpu) }),
    ...(memory !== undefined && { memoryMiB: memoryMiBOf(memory) }),
  };
}

/**
 * A container with the requests and limits that the configuration gives it, in place of its own. As in Kubernetes, a limit alone is also the request. A request alone that is
 * over the container's own limit is also the limit.
 */
export function withResources(
  container: Container,
  resources: Partial<Record<PodPart, ContainerResources>> = {},
): Container {
  const given = resources[partOf(container)];
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

/** Each upstream has containers of its own. */
function partOf({ name }: Container): PodPart {
  return name.replace(/^(?:origin|stored)-.*/, "origin") as PodPart;
}
