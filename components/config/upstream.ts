import { z } from "zod";
import { repositoryGlobProblem } from "./repositories.ts";
import { checkedText, matching, registryName, secretKey, serverUrl, shortName } from "./text.ts";

const repositoryGlob = checkedText(repositoryGlobProblem);

/** The programs that can fetch from an upstream: docs/engines.md compares them. */
const engines = ["distribution", "zot"] as const;

export type Engine = (typeof engines)[number];

export const upstream = z
  .strictObject({
    name: shortName.describe(
      "A short name, used for the container, the metrics and the storage of this upstream.",
    ),
    registry: registryName.describe(
      "The registry as clients name it in image references: `host` or `host:port`. Only one upstream of a stack can have it: for other `credentials` at the same registry, use another stack.",
    ),
    url: serverUrl({ path: false })
      .exactOptional()
      .describe(
        "Where the cache reaches the registry, if not at its name. Plain `http://` only to a loopback or private address, or to a Service of the cluster (`http://name.namespace.svc`). " +
          "Default: `https://<registry>`.",
      ),
    repositories: z
      .array(repositoryGlob)
      .min(1)
      .describe(
        "The repositories that the cache may serve, as globs: `*` within a path segment, `**` for any segments. " +
          "Everything else is refused.",
      ),
    engine: z
      .enum(engines)
      .exactOptional()
      .describe(
        "The program that fetches from this registry. `zot` only with one machine and `storage: { kind: disk }`: docs/engines.md. Default: `distribution`.",
      ),
    probe: matching(
      /^[a-z0-9][a-z0-9._/-]*:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/,
      "an image of this registry: write it like team/app:1.0",
    )
      .exactOptional()
      .describe(
        "A small image that always exists, as `repository:tag`. `npm run local`, `registry-cache pull` and the check of a node pull it, and every minute the cache requests a manifest of its repository from the registry: docs/metrics.md. Without it, no alert fires if something that isn't a registry, such as a captive portal, answers every request with 200. Default: no image for these checks, no probe of manifests.",
      ),
    credentials: secretKey
      .exactOptional()
      .describe(
        "The top-level secret key of this stack that holds `username` and `password` for the registry. Default: anonymous.",
      ),
  })
  .transform(({ url, ...rest }) => ({
    ...rest,
    url: url ? new URL(url).origin : registryUrl(rest.registry),
  }));

/** Whether a registry can be the first path component of a repository's name. A registry with a port can't. */
export function hasPathPrefix({ registry }: { readonly registry: string }): boolean {
  return !registry.includes(":");
}

/** Whether the upstream's engine is zot instead of distribution. */
export function isZot({ engine }: { readonly engine?: Engine }): boolean {
  return engine === "zot";
}

/** The URL of a registry's API. Docker Hub is the only well-known registry whose API has another host than its image references. */
export function registryUrl(registry: string): string {
  return `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`;
}
