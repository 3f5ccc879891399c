import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import { script } from "../shell/script.ts";
import { objectStorage, storeEnvironment } from "./object-storage.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import {
  noTraces,
  registryLog,
  registryPrefix,
  registryServer,
  storageHealth,
  storeCheckInterval,
} from "./registry.ts";
import { credentialsSecret, secretDirectory, secretFile } from "./secrets.ts";
import type { ObjectStore } from "./store.ts";
import { originReady, type UpstreamPorts } from "./upstream-ports.ts";

const originRoot = "/var/lib/registry";

/** The memory limit of an origin with object storage, which holds parts of its uploads in memory. */
const storeMemoryMiB = 1024;

/**
 * Go's soft memory limit. Above three quarters of the container's memory, Go runs its garbage collector before the memory in use has doubled:
 * https://pkg.go.dev/runtime#hdr-Environment_Variables
 */
export function softLimit(memoryMiB: number) {
  return { name: "GOMEMLIMIT", value: `${Math.floor((memoryMiB * 3) / 4)}MiB` };
}

/** The configuration of one CNCF distribution registry in proxy mode: https://distribution.github.io/distribution/about/configuration/ */
function renderOriginConfig({ upstream, ports }: UpstreamPorts, store: ObjectStore | undefined): string {
  return stringify({
    version: "0.1",
    log: registryLog,
    storage: store === undefined ? passingStorage : objectStorage(store, upstream.name),
    http: {
      ...registryServer(ports.http, upstream.name),
      debug: { addr: `127.0.0.1:${ports.debug}`, prometheus: { enabled: true, path: "/metrics" } },
    },
    health: store === undefined ? storageHealth("10s") : storageHealth(storeCheckInterval),
    proxy: {
      remoteurl: upstream.url,
      // 0 means never. Otherwise, replicas would overwrite each other's schedule of expiries.
      ttl: store === undefined ? "100ms" : "0s",
      // The limit for a fill, in stores that can cut off a slow one. A large layer over a slow line takes longer than the default of 5 minutes.
      cachewritetimeout: "1h",
      exec: credentialHelper(upstream),
    },
  });
}

/**
 * A store that holds blobs only until the edge has them. All content expires immediately, so the store never has more than the fills in
 * progress. `storage.cache` must stay unset: with a descriptor cache, distribution answers 200 with an empty body for an expired blob
 * (distribution#2367).
 */
const passingStorage = {
  filesystem: { rootdirectory: originRoot, maxthreads: 100 },
  delete: { enabled: true },
  maintenance: { uploadpurging: { enabled: true, age: "2h", interval: "30m", dryrun: false } },
};

/**
 * distribution calls a credential helper with the argument `get`. So `cat` prints the file `get` in the registry's working directory, and `printenv` the variable. An anonymous
 * upstream has a helper, too, because distribution without one asks the upstream at start and exits if it can't be reached. Without `lifetime`, credentials are valid for ever:
 * https://github.com/distribution/distribution/blob/v3.1.2/registry/proxy/proxyauth_exec.go
 */
function credentialHelper({ credentials }: UpstreamPorts["upstream"]) {
  return credentials === undefined ? { command: "printenv" } : { command: "cat", lifetime: "1m" };
}

/** The output of a credential helper, in the docker-credential-helper protocol. @default empty credentials, for an anonymous upstream */
export function originCredentials(
  credentials: { username: string; password: string } = { username: "", password: "" },
): string {
  return JSON.stringify({ ServerURL: "", Username: credentials.username, Secret: credentials.password });
}

/** The origin of one upstream. It has no probe, because origin.sh watches its registry and sometimes stops it on purpose. */
export function originPart(options: PodOptions, { upstream, ports }: UpstreamPorts): Part {
  const { store } = options;
  const name = `origin-${upstream.name}`;
  const files = filesOf(name);
  const secret = upstream.credentials === undefined ? undefined : credentialsSecret(upstream.name);
  return {
    container: {
      name,
      image: imageOf(options, "origin"),
      command: [
        "sh",
        `${files}/origin.sh`,
        `${files}/config.yml`,
        store === undefined ? originRoot : "",
        upstream.url,
        `http://127.0.0.1:${ports.debug}`,
        `http://127.0.0.1:${ports.http}${registryPrefix(upstream.name)}`,
      ],
      ...(secret !== undefined && { workingDir: secretDirectory }),
      env: [
        noTraces,
        ...(secret === undefined ? [{ name: secretFile, value: originCredentials() }] : []),
        ...(store === undefined ? [] : [softLimit(storeMemoryMiB), ...storeEnvironment(store)]),
      ],
      // See mostFills in edge/fills.ts.
      resources: resources(store === undefined ? 512 : storeMemoryMiB),
    },
    files: {
      "config.yml": renderOriginConfig({ upstream, ports }, store),
      "origin.sh": script(import.meta.url, "origin.sh"),
    },
    secret,
    asksServers: true,
    usesIdentity: store !== undefined,
    ready: originReady({ upstream, ports }),
    mounts: store === undefined ? [{ name, mountPath: originRoot }] : [],
  };
}
