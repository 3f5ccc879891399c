/** The origin of an upstream with `engine: zot`: docs/adr/0024-zot.md has the reasons. */
import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { zotDestination } from "./registry.ts";
import { credentialsSecret, secretDirectory, secretFile } from "./secrets.ts";
import { originReady, type UpstreamPorts } from "./upstream-ports.ts";

/** The directory of zot's images. Each repository is an OCI layout in the directory of its name. */
const zotStore = "/var/lib/registry";

const configurationFile = "config.yml";

/** zot deletes images that nobody has pulled for this time, even if there is space. */
const unusedHours = 30 * 24;

/** The memory limit, which zot needs while it copies images, and the soft limit above which Go's garbage collector works harder: https://pkg.go.dev/runtime#hdr-Environment_Variables */
const memoryMiB = 1536;
const softMemoryMiB = 1200;

/**
 * The configuration of one zot. All keys are documented, and `zot verify` checks it. zot exits if it doesn't know a key, so versions before v2.1.19 can't use it.
 *
 * - `storage`, `http`, `log`, `metrics`, `sync`: https://github.com/project-zot/zot/blob/v2.1.21/examples/README.md
 * - `preserveDigest`, `syncTimeout`: https://github.com/project-zot/zot/blob/v2.1.21/pkg/extensions/config/sync/config.go
 * - `compat`: without it, zot converts images in Docker's format, which changes their digest: https://zotregistry.dev/v2.1.20/articles/mirroring/
 * - `readTimeout` and `writeTimeout`, since v2.1.17: https://zotregistry.dev/v2.1.17/general/whats-new/#http-readwrite-timeout-configuration
 * - `keepUntagged`, since v2.1.19: without it, zot deletes images that are pulled by digest while they are in use: https://github.com/project-zot/zot/pull/4191
 * - `accessControl.metrics`, since v2.1.19: https://github.com/project-zot/zot/pull/4110
 */
function renderZotConfig({ upstream, ports }: UpstreamPorts): string {
  const kept = { pulledWithin: `${unusedHours}h`, pushedWithin: `${unusedHours}h` };
  const configuration = {
    distSpecVersion: "1.1.1",
    storage: {
      rootDirectory: zotStore,
      // The keeper deletes whole repositories, so none may contain a blob that another one links to.
      dedupe: false,
      gc: true,
      gcDelay: "2h",
      gcInterval: "1h",
      retention: {
        delay: "24h",
        policies: [
          {
            repositories: ["**"],
            deleteUntagged: true,
            keepTags: [{ patterns: [".*"], ...kept }],
            keepUntagged: kept,
          },
        ],
      },
    },
    http: {
      address: "127.0.0.1",
      port: String(ports.http),
      // The default is a minute from the first byte of the request to the last byte of the answer, too short for a large blob and for a copy.
      readTimeout: "1h",
      writeTimeout: "1h",
      compat: ["docker2s2"],
      // zot accepts pushes by default, but nobody on the machine may change its content.
      accessControl: {
        repositories: { "**": { anonymousPolicy: ["read"] } },
        metrics: { anonymousPolicy: ["read"] },
      },
    },
    log: { level: "warn" },
    extensions: {
      metrics: { enable: true, prometheus: { path: "/metrics" } },
      sync: {
        enable: true,
        ...(upstream.credentials !== undefined && { credentialsFile: `${secretDirectory}/${secretFile}` }),
        registries: [
          {
            urls: [upstream.url],
            onDemand: true,
            // Without TLS, there is nothing to verify. The configuration's schema allows plain HTTP only to private addresses.
            tlsVerify: upstream.url.startsWith("https:"),
            preserveDigest: true,
            maxRetries: 3,
            // After an error, zot waits this long between any two requests to the registry, for all clients.
            retryDelay: "200ms",
            syncTimeout: "1h",
            content: upstream.repositories.map((prefix) => ({
              prefix,
              destination: zotDestination(upstream.name),
            })),
          },
        ],
      },
    },
  };
  return stringify(configuration);
}

/** Renames zot's count of requests to that of distribution, for the alerts and the dashboard. */
export const zotRelabeling = [
  {
    source_labels: ["__name__"],
    regex: "zot_http_requests_total",
    target_label: "__name__",
    replacement: "registry_http_requests_total",
  },
];

/** The content of zot's `credentialsFile`, whose key is the registry's host: https://github.com/project-zot/zot/blob/v2.1.21/examples/sync-auth-filepath.json */
export function zotCredentials(
  url: string,
  { username, password }: { username: string; password: string },
): string {
  return JSON.stringify({ [new URL(url).host]: { username, password } });
}

/**
 * The zot of one upstream. A single zot could tell upstreams apart only by the names of their repositories, which can be equal, and would read all credentials from one file. The image
 * has no shell, so the container has neither probe nor script: see keeper.sh.
 */
export function zotPart(options: PodOptions, { upstream, ports }: UpstreamPorts): Part {
  const name = `origin-${upstream.name}`;
  return {
    container: {
      name,
      image: imageOf(options, "zot"),
      // No command, because the program's name depends on the architecture: the image's entry point has it.
      args: ["serve", `${filesOf(name)}/${configurationFile}`],
      env: [{ name: "GOMEMLIMIT", value: `${softMemoryMiB}MiB` }],
      resources: resources(memoryMiB),
    },
    files: { [configurationFile]: renderZotConfig({ upstream, ports }) },
    secret: upstream.credentials === undefined ? undefined : credentialsSecret(upstream.name),
    readsSecretAtStart: true,
    asksServers: true,
    ready: originReady({ upstream, ports }),
    mounts: [{ name, mountPath: zotStore }],
  };
}
