/** The on-call program `registry-cache`. It has the same commands on every host. docs/runbooks/README.md */
import type { Upstream } from "../../config/schema.ts";
import { script } from "../../shell/script.ts";
import { quoted } from "../../shell/word.ts";

/** The program's settings on every host. */
interface Common {
  readonly region: string;
  /** URL that clients use. */
  readonly endpoint: string;
  /** The first of the ports that the containers use among themselves. */
  readonly internalPort: number;
  /** Parameters for blackbox_exporter's probe of the endpoint: see {@link probeParameters}. */
  readonly probe: string;
  /** URL of the runbooks, with `{alert}` for the alert's name. */
  readonly runbookUrl: string;
  /** The image of a test pull, as `registry/repository:tag`: see {@link testImage}. @default the image that clients requested last */
  readonly image?: string | undefined;
}

/** Containers in podman: on a cache's own machine, or on the machine of the user. */
export interface OnPodman extends Common {
  readonly host: "vm" | "local";
  /** Absolute path of the directory with the store. */
  readonly data: string;
  /** Absolute path of the directory where `current` links to what was applied. */
  readonly state: string;
}

/** A workload in a cluster, through kubectl. */
export interface OnKubernetes extends Common {
  readonly host: "kubernetes";
  readonly context: string;
  readonly namespace: string;
}

/** The commands of all hosts. Some exist only on some hosts. */
export const commands = [
  ...["status", "firing", "startup", "q", "parts", "logs", "origins", "certificate", "space"],
  ...["probe", "pull", "delete", "restart", "container", "pod", "replica", "k", "help"],
] as const;

/** The program's scripts on each host, in order. The last one is the same everywhere. */
const scripts = {
  vm: ["podman.sh", "vm.sh", "registry-cache.sh"],
  local: ["podman.sh", "local.sh", "registry-cache.sh"],
  kubernetes: ["kubernetes.sh", "registry-cache.sh"],
} as const;

/** @returns a POSIX shell script */
export function onCallProgram(options: OnPodman | OnKubernetes): string {
  const { region, endpoint, internalPort, probe, runbookUrl, image = "" } = options;
  const settings = {
    REGION: region,
    ENDPOINT: endpoint,
    PORT: String(internalPort),
    PROBE: probe,
    RUNBOOK_URL: runbookUrl,
    IMAGE: image,
    ...(options.host === "kubernetes"
      ? { CONTEXT: options.context, NAMESPACE: options.namespace }
      : { DATA: options.data, STATE: options.state }),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}\n`);
  return ["#!/bin/sh\n", ...lines, ...scripts[options.host].map(body)].join("");
}

/** Parameters for the module `endpoint` of blackbox_exporter, which sends requests as a client does. @param scheme what the edge itself speaks */
export function probeParameters(
  hostname: string,
  { port, scheme = "https" }: { readonly port: number; readonly scheme?: "http" | "https" },
): string {
  return `hostname=${hostname}&target=${encodeURIComponent(`${scheme}://127.0.0.1:${port}/v2/`)}`;
}

/** The first image of the configuration that always exists: an upstream's `probe`. */
export function testImage(upstreams: readonly Pick<Upstream, "registry" | "probe">[]): string | undefined {
  const [upstream] = upstreams.filter(({ probe }) => probe !== undefined);
  return upstream && `${upstream.registry}/${upstream.probe}`;
}

function body(file: string): string {
  return script(import.meta.url, file).replace(/^#!.*\n/, "");
}
