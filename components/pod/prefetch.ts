import { imageOf } from "../config/images.ts";
import { plainPlatform } from "../config/prefetch.ts";
import { edgePaths } from "./edge/paths.ts";
import { repositoryPath } from "./edge/routing.ts";
import { metricsFiles } from "./edge/status.ts";
import type { PodOptions, PodPrefetch } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { registryPrefix } from "./registry.ts";
import { script } from "./script.ts";
import { upstreamPorts } from "./upstream-ports.ts";

/** What is wanted, one in a line: see prefetch.sh. */
const listFile = "list";
const settingsFile = "settings";

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
      // regctl keeps what it must remember nowhere.
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

/** `UPSTREAM PATH REPOSITORY REFERENCE STORE`: the path is how the edge knows the repository; the store is where the blobs of all replicas are asked for, or `-`. */
function listOf(options: PodOptions, { references }: PodPrefetch): string {
  const upstreams = upstreamPorts(options);
  return references
    .flatMap(({ registry, repository, reference }) => {
      const of = upstreams.find(({ upstream }) => upstream.registry === registry);
      // The configuration's own checks have refused it.
      if (!of) return [];
      const path = repositoryPath({ registry, repository });
      const { name } = of.upstream;
      const store = options.store ? `127.0.0.1:${of.ports.stored}${registryPrefix(name)}v2` : "-";
      return [`${name} ${path} ${repository} ${reference} ${store}\n`];
    })
    .join("");
}

/** `NAME VALUE`. What is in a bucket has room; a disk has as much as is left, and what isn't in use. */
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
