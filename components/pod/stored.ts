import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import { objectStorage, storeEnvironment } from "./object-storage.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { noTraces, registryLog, registryServer, storageHealth, storeCheckInterval } from "./registry.ts";
import type { ObjectStore } from "./store.ts";
import type { UpstreamPorts } from "./upstream-ports.ts";

/**
 * A second registry of one upstream that knows only the shared store and never asks the upstream. It serves the store's content while the
 * upstream is silent and origin.sh has stopped the origin (see docs/adr/0007-silent-upstream.md), also in a replica that has just started.
 */
export function storedPart(
  options: PodOptions,
  store: ObjectStore,
  { upstream, ports }: UpstreamPorts,
): Part {
  const name = `stored-${upstream.name}`;
  const { maintenance, ...storage } = objectStorage(store, upstream.name);
  return {
    container: {
      name,
      image: imageOf(options, "origin"),
      command: ["registry", "serve", `${filesOf(name)}/config.yml`],
      env: [noTraces, ...storeEnvironment(store)],
      resources: resources(512),
    },
    files: {
      "config.yml": stringify({
        version: "0.1",
        log: registryLog,
        storage: { ...storage, maintenance: { ...maintenance, readonly: { enabled: true } } },
        http: registryServer(ports.stored, upstream.name),
        health: storageHealth(storeCheckInterval),
      }),
    },
    asksServers: true,
    usesIdentity: true,
    ready: `http://127.0.0.1:${ports.stored}/`,
  };
}
