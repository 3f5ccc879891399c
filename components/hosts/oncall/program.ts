/** The program `registry-cache`, by which whoever is on call looks after a cache: the same commands on every host. docs/runbooks/README.md */
import type { Upstream } from "../../config/schema.ts";
import { script } from "../../pod/script.ts";
import { quoted } from "../../pod/shell-word.ts";

/** What it asks, wherever it runs. */
interface Common {
  readonly region: string;
  /** URL that clients ask. */
  readonly endpoint: string;
  /** The first of the ports that the containers use between themselves. */
  readonly internalPort: number;
  /** Parameters of blackbox_exporter, by which it asks the endpoint: see {@link probeParameters}. */
  readonly probe: string;
  /** Where the runbooks are, with `{alert}` for the alert's name. */
  readonly runbookUrl: string;
  /** What a test pull takes, as `registry/repository:tag`: see {@link testImage}. @default what clients asked for last */
  readonly image?: string | undefined;
}

/** Containers of podman: on a machine of the cache's own, or as a user of this one. */
export interface OnPodman extends Common {
  readonly host: "vm" | "local";
  /** Absolute path of the directory with the store. */
  readonly data: string;
  /** Absolute path of the directory where `current` links to what was applied. */
  readonly state: string;
}

/** A workload, by kubectl. */
export interface OnKubernetes extends Common {
  readonly host: "kubernetes";
  readonly context: string;
  readonly namespace: string;
}

/** What it takes as its first word, on some host. */
export const commands = [
  ...["status", "firing", "startup", "q", "parts", "logs", "origins", "certificate", "space"],
  ...["probe", "pull", "restart", "container", "pod", "replica", "k", "help"],
] as const;

/** What it consists of, by where it runs; the last of each is the same everywhere. */
const scripts = {
  vm: ["podman.sh", "vm.sh", "registry-cache.sh"],
  local: ["podman.sh", "local.sh", "registry-cache.sh"],
  kubernetes: ["kubernetes.sh", "registry-cache.sh"],
} as const;

/** A POSIX shell script. */
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

/** Of the module `endpoint` of blackbox_exporter, which asks as a client does. @param scheme what the edge itself speaks */
export function probeParameters(
  hostname: string,
  { port, scheme = "https" }: { readonly port: number; readonly scheme?: "http" | "https" },
): string {
  return `hostname=${hostname}&target=${encodeURIComponent(`${scheme}://127.0.0.1:${port}/v2/`)}`;
}

/** The first image that the configuration says is always there. */
export function testImage(upstreams: readonly Pick<Upstream, "registry" | "probe">[]): string | undefined {
  const [upstream] = upstreams.filter(({ probe }) => probe !== undefined);
  return upstream && `${upstream.registry}/${upstream.probe}`;
}

function body(file: string): string {
  return script(import.meta.url, file).replace(/^#!.*\n/, "");
}
