import { stringify } from "yaml";
import type { Upstream } from "../config/schema.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { script } from "./script.ts";

interface OriginOptions {
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
function renderOriginConfig({ upstream, ports, rootDirectory, drainSeconds }: OriginOptions): string {
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
const originCredentialsVariable = "get";

export function originCredentials(
  credentials: { username: string; password: string } = { username: "", password: "" },
): string {
  return JSON.stringify({ ServerURL: "", Username: credentials.username, Secret: credentials.password });
}

const originRoot = "/var/lib/registry";

/**
 * The origin of one upstream. No probe: origin.sh minds its registry, which is not always to run.
 * @param drainSeconds how long a stop waits for transfers to end
 */
export function originPart(options: PodOptions, index: number, drainSeconds: number): Part {
  const upstream = options.upstreams[index];
  const ports = options.ports.origins[index];
  if (!upstream || !ports) throw new RangeError(`no upstream or no ports at ${index}`);
  const name = `origin-${upstream.name}`;
  const files = filesOf(name);
  const secret = options.credentials[upstream.name];
  return {
    container: {
      name,
      image: options.images.origin,
      command: [
        "sh",
        `${files}/origin.sh`,
        `${files}/config.yml`,
        originRoot,
        upstream.url,
        `http://127.0.0.1:${ports.debug}`,
      ],
      env: [
        // Without it, distribution exports traces to an address where nobody listens.
        { name: "OTEL_TRACES_EXPORTER", value: "none" },
        secret === undefined
          ? { name: originCredentialsVariable, value: originCredentials() }
          : {
              name: originCredentialsVariable,
              valueFrom: { secretKeyRef: { name: secret, key: "credentials" } },
            },
      ],
      resources: resources(512),
    },
    files: {
      "config.yml": renderOriginConfig({ upstream, ports, rootDirectory: originRoot, drainSeconds }),
      "origin.sh": script(import.meta.url, "origin.sh"),
    },
    mounts: [{ name, mountPath: originRoot }],
  };
}
