import { imageOf } from "../config/images.ts";
import { plainPlatform } from "../config/prefetch.ts";
import { script } from "../shell/script.ts";
import { edgePaths } from "./edge/paths.ts";
import { repositoryPath } from "./edge/routing.ts";
import { metricsFiles } from "./edge/status.ts";
import type { PodOptions, PodPrefetch } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { registryPrefix } from "./registry.ts";
import { upstreamPorts } from "./upstream-ports.ts";

/** The file with the wanted references, one per line: see prefetch.sh. */
const listFile = "list";
const settingsFile = "settings";

/** The container that pulls images before clients do: see prefetch.sh. */
export function prefetchPart(options: PodOptions, prefetch: PodPrefetch): Part {
  const { ports } = options;
  const files = filesOf("prefetch");
  return {
    container: {
      name: "prefetch",
      image: imageOf(options, "prefetch"),
      command: [
        "sh",
        `${files}/prefetch.sh`,
        files,
        `${edgePaths.cache}/tmp/prefetch`,
        metricsFiles.prefetch,
        `127.0.0.1:${ports.edgePull}`,
        `127.0.0.1:${ports.edgeStatus}`,
      ],
      // regctl must not write a configuration file.
      env: [{ name: "REGCTL_CONFIG", value: "/nonexistent/config.json" }],
      resources: resources(128, 500),
    },
    files: {
      [listFile]: listOf(options, prefetch),
      [settingsFile]: settingsOf(options, prefetch),
      "prefetch.sh": script(import.meta.url, "prefetch.sh"),
    },
    live: { files: [listFile, settingsFile] },
    mounts: [{ name: "cache", mountPath: edgePaths.cache }],
  };
}

/** Lines of `UPSTREAM PATH REPOSITORY REFERENCE STORE`. PATH is the repository's path at the edge. STORE is the registry of the shared store, or `-`. */
function listOf(options: PodOptions, { references }: PodPrefetch): string {
  const upstreams = upstreamPorts(options);
  return references
    .flatMap(({ registry, repository, reference }) => {
      const of = upstreams.find(({ upstream }) => upstream.registry === registry);
      // Can't happen: the checks of the configuration refuse such references.
      if (!of) return [];
      const path = repositoryPath({ registry, repository });
      const { name } = of.upstream;
      const store = options.store ? `127.0.0.1:${of.ports.stored}${registryPrefix(name)}v2` : "-";
      return [`${name} ${path} ${repository} ${reference} ${store}\n`];
    })
    .join("");
}

/** Lines of `NAME VALUE`. A bucket has unlimited space. On a disk, a prefetch may use the free space and the space of content that isn't in use. */
function settingsOf({ store }: PodOptions, prefetch: PodPrefetch): string {
  const { everyMinutes, mbps, platforms, workingSetGiB } = prefetch;
  const settings = {
    everyMinutes,
    mbps,
    platforms: platforms === "all" ? platforms : platforms.map(plainPlatform).join(" "),
    ...(!store && { workingSetMiB: Math.ceil(workingSetGiB * 1024) }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}
