/** The origin of an upstream with `engine: zot`: docs/adr/0024-zot.md has the reasons. */
import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";
import { zotDestination } from "./registry.ts";
import { credentialsSecret, secretDirectory, secretFile } from "./secrets.ts";
import { originReady, type UpstreamPorts } from "./upstream-ports.ts";

/** Where zot keeps its images: an OCI layout for each repository, in the directory of its name. */
const zotStore = "/var/lib/registry";

const configurationFile = "config.yml";

/** What nobody has asked for so long goes, also where there is room. */
const unusedHours = 30 * 24;

/** What zot holds at most while it copies images, and where its garbage collector begins to work harder: https://pkg.go.dev/runtime#hdr-Environment_Variables */
const memoryMiB = 1536;
const softMemoryMiB = 1200;

/**
 * The configuration of one zot, of which each key is documented. `zot verify` reads it; keys that a zot doesn't know end it at once, so an older one than v2.1.19 can't take this.
 *
 * - `storage`, `http`, `log`, `metrics`, `sync`: https://github.com/project-zot/zot/blob/v2.1.21/examples/README.md
 * - `preserveDigest`, `syncTimeout`: https://github.com/project-zot/zot/blob/v2.1.21/pkg/extensions/config/sync/config.go
 * - `compat`, without which images in Docker's format are converted, and have another digest: https://zotregistry.dev/v2.1.20/articles/mirroring/
 * - `readTimeout` and `writeTimeout`, since v2.1.17: https://zotregistry.dev/v2.1.17/general/whats-new/#http-readwrite-timeout-configuration
 * - `keepUntagged`, since v2.1.19, without which what is pulled by digest is deleted while it's in use: https://github.com/project-zot/zot/pull/4191
 * - `accessControl.metrics`, since v2.1.19: https://github.com/project-zot/zot/pull/4110
 */
function renderZotConfig({ upstream, ports }: UpstreamPorts): string {
  const kept = { pulledWithin: `${unusedHours}h`, pushedWithin: `${unusedHours}h` };
  const configuration = {
    distSpecVersion: "1.1.1",
    storage: {
      rootDirectory: zotStore,
      // The keeper deletes whole repositories: none may hold what another one links to.
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
      // By default a minute, from the first byte of the request to the last one of the answer: too short for a large blob, and for a copy.
      readTimeout: "1h",
      writeTimeout: "1h",
      compat: ["docker2s2"],
      // zot is a registry that takes pushes: nobody on the machine may change what it has.
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
            // The schema takes plain HTTP only to private addresses. Where there is no TLS, there is nothing to verify.
            tlsVerify: upstream.url.startsWith("https:"),
            preserveDigest: true,
            maxRetries: 3,
            // After an error, zot leaves so much time between any two requests to the registry, for whomever they are.
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

/** zot's requests count as those of distribution, for the alerts and the dashboard. */
export const zotRelabeling = [
  {
    source_labels: ["__name__"],
    regex: "zot_http_requests_total",
    target_label: "__name__",
    replacement: "registry_http_requests_total",
  },
];

/** zot's `credentialsFile`, which names the registry by its host: https://github.com/project-zot/zot/blob/v2.1.21/examples/sync-auth-filepath.json */
export function zotCredentials(
  url: string,
  { username, password }: { username: string; password: string },
): string {
  return JSON.stringify({ [new URL(url).host]: { username, password } });
}

/**
 * One zot per upstream: it would know several only by their repositories' names, which may be the same, and would offer the credentials of one file to all. Its image has no shell, so
 * no probe and no script: see keeper.sh.
 */
export function zotPart(options: PodOptions, { upstream, ports }: UpstreamPorts): Part {
  const name = `origin-${upstream.name}`;
  return {
    container: {
      name,
      image: imageOf(options, "zot"),
      // The program has another name on each architecture: the image's entry point knows it.
      args: ["serve", `${filesOf(name)}/${configurationFile}`],
      env: [{ name: "GOMEMLIMIT", value: `${softMemoryMiB}MiB` }],
      resources: resources(memoryMiB),
    },
    files: { [configurationFile]: renderZotConfig({ upstream, ports }) },
    secret: upstream.credentials === undefined ? undefined : credentialsSecret(upstream.name),
    readsSecretAtStart: true,
    ready: originReady({ upstream, ports }),
    mounts: [{ name, mountPath: zotStore }],
  };
}
