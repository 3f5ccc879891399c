import { imageOf } from "../config/images.ts";
import { script } from "../shell/script.ts";
import { edgePaths } from "./edge/paths.ts";
import { connectionsPerWorker } from "./edge/workers.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";

/** The container that does for the edge's cache what nginx doesn't: see janitor.sh. */
export function janitorPart(options: PodOptions): Part {
  const { ports, budget, edgeWorkers } = options;
  const environment = {
    BLOBS_MIB: budget.blobsMiB ?? "",
    MANIFESTS_MIB: budget.manifestsMiB,
    MIN_FREE_MIB: budget.minFreeMiB,
    ...(budget.fillsMiB !== undefined && { FILLS_MIB: Math.floor(budget.fillsMiB / 2) }),
    CONNECTIONS_PER_WORKER: connectionsPerWorker,
    ...(edgeWorkers !== undefined && { WORKERS: edgeWorkers }),
    REQUESTS_PORT: ports.exporterRequests,
    CLIENTS_PORT: ports.exporterClients,
  };
  return {
    container: {
      name: "janitor",
      image: imageOf(options, "edge"),
      command: [
        "sh",
        `${filesOf("janitor")}/janitor.sh`,
        edgePaths.cache,
        `http://127.0.0.1:${ports.edgeStatus}`,
      ],
      env: Object.entries(environment).map(([name, value]) => ({ name, value: String(value) })),
      resources: resources(64, 500),
    },
    files: {
      "janitor.sh": script(import.meta.url, "janitor.sh"),
      "metrics.sh": script(import.meta.url, "metrics.sh"),
    },
    mounts: [{ name: "cache", mountPath: edgePaths.cache }],
  };
}
