import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Upstream } from "../../components/config/schema.ts";
import { stateDirectory } from "../../components/hosts/local/directories.ts";
import { step } from "../command/steps.ts";
import { seed, startUpstream, stopUpstream } from "../seed/upstream.ts";
import { isReachable } from "../setup/reachable.ts";

/** The seeded upstream's port. It is below Linux's range of ephemeral ports, and isn't one of the Pod's. */
const seededPort = 15_500;
const seededDirectory = () => join(stateDirectory(), "seeded-upstream");

/** The upstreams to use on this machine. */
export interface Upstreams {
  readonly upstreams: readonly Upstream[];
  /** The registry that a seeded one replaces, because it can't be reached from here. */
  readonly seeded?: { readonly registry: string; readonly url: string };
}

/**
 * Checks whether the default upstream can be reached. If it can't, a registry on this machine replaces it, with a multi-arch image, a Helm
 * chart and a signed artifact.
 */
export async function reachableUpstreams(upstreams: readonly Upstream[]): Promise<Upstreams> {
  const [first, ...rest] = upstreams;
  if (!first || (await isReachable(`${first.url}/v2/`))) return { upstreams };
  return step(
    "Seeding an upstream on this machine",
    `free port ${seededPort}, or make ${first.url} reachable`,
    async () => {
      const url = await startUpstream({ dir: seededDirectory(), port: seededPort, detached: true });
      const namespace = first.probe?.split("/")[0] ?? "samples";
      const { image } = await seed(url, { registry: first.registry, namespace });
      const repositories = new Set([...first.repositories, `${namespace}/**`, `charts/${namespace}/**`]);
      const replacement: Upstream = {
        name: first.name,
        registry: first.registry,
        url: url.origin,
        repositories: [...repositories],
        probe: `${image.repository}:${image.tags[0]}`,
      };
      return { upstreams: [replacement, ...rest], seeded: { registry: first.registry, url: url.origin } };
    },
  );
}

/** Stops the seeded upstream, if there is one. Deletes its content only with `purge`. */
export async function stopSeededUpstream({ purge }: { purge: boolean }): Promise<void> {
  await stopUpstream(seededDirectory());
  if (purge) await rm(seededDirectory(), { recursive: true, force: true });
}
