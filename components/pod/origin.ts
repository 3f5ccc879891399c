import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
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
import { script } from "./script.ts";
import { credentialsSecret, secretDirectory, secretFile } from "./secrets.ts";
import type { ObjectStore } from "./store.ts";
import { originReady, type UpstreamPorts } from "./upstream-ports.ts";

const originRoot = "/var/lib/registry";

/** The container's, where what it brings into object storage is held in memory. */
const storeMemoryMiB = 1024;

/**
 * From three quarters of the container's memory on, Go looks for garbage sooner than when the memory in use has doubled:
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
      // 0 is never: the replicas would overwrite each other's list of what expires when.
      ttl: store === undefined ? "100ms" : "0s",
      // For stores that can cut a slow fill off; a large layer over a slow line takes longer than the default 5 minutes.
      cachewritetimeout: "1h",
      exec: credentialHelper(upstream),
    },
  });
}

/**
 * A store that only bridges the moment until the edge has the bytes: everything in it expires at once, so it never holds more than what is
 * just being filled. `storage.cache` stays away: with a descriptor cache, a blob whose data has expired is answered 200 with an empty body
 * (distribution#2367).
 */
const passingStorage = {
  filesystem: { rootdirectory: originRoot, maxthreads: 100 },
  delete: { enabled: true },
  maintenance: { uploadpurging: { enabled: true, age: "2h", interval: "30m", dryrun: false } },
};

/**
 * A credential helper is called with the word `get`: `cat` prints the file of that name in the registry's working directory, and `printenv` the variable. Also an anonymous
 * upstream has one: without a helper, distribution asks the upstream at start and ends when it isn't there. Its answer holds for a lifetime, or for ever without one:
 * https://github.com/distribution/distribution/blob/v3.1.2/registry/proxy/proxyauth_exec.go
 */
function credentialHelper({ credentials }: UpstreamPorts["upstream"]) {
  return credentials === undefined ? { command: "printenv" } : { command: "cat", lifetime: "1m" };
}

/** In the docker-credential-helper protocol. */
export function originCredentials(
  credentials: { username: string; password: string } = { username: "", password: "" },
): string {
  return JSON.stringify({ ServerURL: "", Username: credentials.username, Secret: credentials.password });
}

/** The origin of one upstream. No probe: origin.sh minds its registry, which is not always to run. */
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
    ready: originReady({ upstream, ports }),
    mounts: store === undefined ? [{ name, mountPath: originRoot }] : [],
  };
}
