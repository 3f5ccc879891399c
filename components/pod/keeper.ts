import { imageOf } from "../config/images.ts";
import { isZot } from "../config/upstream.ts";
import { script } from "../shell/script.ts";
import { silentMark } from "./edge/engines.ts";
import { edgePaths } from "./edge/paths.ts";
import { metricsFiles } from "./edge/status.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { upstreamPorts } from "./upstream-ports.ts";

const stores = "/var/lib/stores";

/** Does what zot lacks, in an image with a shell: see keeper.sh. Only if an upstream has `engine: zot`. */
export function keeperPart(options: PodOptions): Part {
  const upstreams = upstreamPorts(options).filter(({ upstream }) => isZot(upstream));
  const files = filesOf("keeper");
  return {
    container: {
      name: "keeper",
      image: imageOf(options, "edge"),
      command: [
        "sh",
        `${files}/keeper.sh`,
        stores,
        silentMark,
        metricsFiles.keeper,
        ...upstreams.map(({ upstream, ports }) => `${upstream.name}=${ports.http}=${upstream.url}`),
      ],
      env: [{ name: "MAX_MIB", value: String(options.budget.zotMiB ?? "") }],
      resources: resources(64, 500),
    },
    files: { "keeper.sh": script(import.meta.url, "keeper.sh") },
    mounts: [
      { name: "cache", mountPath: edgePaths.cache },
      ...upstreams.map(({ upstream: { name } }) => ({
        name: `origin-${name}`,
        mountPath: `${stores}/${name}`,
      })),
    ],
  };
}
