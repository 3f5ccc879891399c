import { stringify } from "yaml";
import type { Upstream } from "../config/schema.ts";

export interface OriginOptions {
  readonly upstream: Upstream;
  readonly ports: { readonly http: number; readonly debug: number };
  readonly rootDirectory: string;
  readonly drainSeconds: number;
}

/**
 * The configuration of one CNCF distribution registry in proxy mode: https://distribution.github.io/distribution/about/configuration/
 *
 * Its store only bridges the moment until the edge has the bytes: everything in it expires at once, so it never holds more than what is
 * just being filled. `storage.cache` stays away: with a descriptor cache, a blob whose data has expired is answered 200 with an empty body
 * (distribution#2367).
 */
export function renderOriginConfig({ upstream, ports, rootDirectory, drainSeconds }: OriginOptions): string {
  return stringify({
    version: "0.1",
    log: { level: "warn", formatter: "json", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: rootDirectory, maxthreads: 100 },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: true, age: "2h", interval: "30m", dryrun: false } },
    },
    http: {
      addr: `127.0.0.1:${ports.http}`,
      draintimeout: `${drainSeconds}s`,
      debug: { addr: `127.0.0.1:${ports.debug}`, prometheus: { enabled: true, path: "/metrics" } },
    },
    health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
    proxy: {
      remoteurl: upstream.url,
      ttl: "100ms",
      // For stores that can cut a slow fill off; a large layer over a slow line takes longer than the default 5 minutes.
      cachewritetimeout: "1h",
      // A credential helper is called with the word `get`, and printenv prints the variable of that name: see originCredentials().
      exec: { command: "printenv" },
    },
  });
}

/**
 * The environment variable through which the credential helper answers, in the docker-credential-helper protocol. Also an anonymous upstream has
 * one: without a helper, distribution asks the upstream at start and ends when it isn't there.
 */
export const originCredentialsVariable = "get";

export function originCredentials(
  credentials: { username: string; password: string } = { username: "", password: "" },
): string {
  return JSON.stringify({ ServerURL: "", Username: credentials.username, Secret: credentials.password });
}
