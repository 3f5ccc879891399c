import { everyone, rangeOf } from "../../config/access.ts";
import { podPorts } from "../../config/ports.ts";
import type { VmRegion } from "../../config/schema.ts";
import { ownDiskBudget } from "../../pod/edge/budget.ts";
import { type AcmeOptions, configured } from "../../pod/options.ts";
import { podUser } from "../../pod/pod.ts";
import { script } from "../../pod/script.ts";
import { secretFile } from "../../pod/secrets.ts";
import type { ObjectStore } from "../../pod/store.ts";
import type { RegionPlan } from "../kind.ts";
import { onCallProgram, probeParameters, testImage } from "../oncall/program.ts";
import { type Bundle, renderBundle, type UnlabelledPod } from "../podman/bundle.ts";
import { authority, removedSecret, type StoredSecrets } from "./secrets.ts";
import { dataMount, shellVariables, stateDirectory } from "./user-data.ts";

/** What the Pod of a machine depends on. */
export interface VmPodOptions
  extends Pick<
    RegionPlan<VmRegion>,
    "provider" | "region" | "upstreams" | "images" | "monitoring" | "prefetch" | "workload"
  > {
  readonly diskGiB: number;
  /** Where the region keeps its blobs, with `storage.kind: bucket`. @default on the disk */
  readonly store?: ObjectStore | undefined;
  /** Their names in the cloud's store. */
  readonly storedSecrets: StoredSecrets<string>;
  /** CIDR ranges from which the cloud's own load balancer comes. @default there is none */
  readonly furtherClients?: readonly string[] | undefined;
  /** How lego proves the host name, by the machine's own identity. */
  readonly dns: Omit<AcmeOptions, "email">;
}

/** The first of the ports that the Pod's containers use on the machine's loopback. */
export const internalPort = 15000;
const nodeExporterPort = 9100;
/** More than a machine has: the page cache is what its memory is for, and another machine type is no reason for another Pod. */
const edgeMemoryMiB = 256 * 1024;

/** Directories below the data disk's mount that the Pod's volumes are. */
function podDirectories({ upstreams, store }: Pick<VmPodOptions, "upstreams" | "store">): string[] {
  const origins = store ? [] : upstreams.map(({ name }) => `origin-${name}`);
  return ["tls", "cache", "prometheus", "acme", ...origins];
}

/** Whom the edge itself lets in. What a prefix list, a security group or a service tag stands for changes without the Pod, so with one the firewall decides alone. */
function addressesOf(sources: readonly string[]): readonly string[] {
  return sources.every((source) => everyone.includes(source) || rangeOf(source)) ? sources : everyone;
}

/** The same Pod as everywhere, on the data disk; and machine.sh, by which the machine has what the Pod finds there. */
export function vmPod(options: VmPodOptions): Bundle {
  const { region, upstreams, store, furtherClients = [] } = options;
  const { tls, port } = region.endpoint;
  const volume = (directory: string) => ({
    hostPath: { path: `${dataMount}/${directory}`, type: "Directory" },
  });
  const pod: UnlabelledPod = {
    ...configured(options),
    name: "registry-cache",
    ports: podPorts(internalPort, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port },
    clients: [...addressesOf(region.access.clients), ...furtherClients],
    metricsClients: addressesOf(region.access.metrics),
    budget: ownDiskBudget(options.diskGiB),
    edgeMemoryMiB,
    hostNetwork: true,
    nodeExporterPort,
    ...(tls.mode === "acme" && { acme: { email: tls.email, ...options.dns } }),
    volumes: {
      tls: volume("tls"),
      cache: volume("cache"),
      prometheus: volume("prometheus"),
      acme: volume("acme"),
      origin: (upstream) => volume(`origin-${upstream}`),
      secret: (name) => ({
        hostPath: { path: `${stateDirectory}/secrets/${name}`, type: "Directory" },
      }),
    },
    ...(store && { store }),
  };
  return renderBundle(pod, {
    stateDirectory,
    files: {
      "machine.sh": script(import.meta.url, "machine.sh"),
      settings: shellVariables(machineSettings(options)),
      "registry-cache": onCallProgram({
        host: "vm",
        region: region.name,
        endpoint: new URL(`https://${region.endpoint.hostname}:${port}`).origin,
        internalPort,
        probe: probeParameters(region.endpoint.hostname, { port }),
        runbookUrl: options.monitoring.alerts.runbookUrl,
        image: testImage(upstreams),
        data: dataMount,
        state: stateDirectory,
      }),
    },
  });
}

/** What machine.sh reads. */
function machineSettings(options: VmPodOptions): Record<string, string> {
  const { storedSecrets, region } = options;
  const { tls, hostname } = region.endpoint;
  const secrets = Object.entries(storedSecrets).filter(([secret]) => secret !== authority);
  return {
    DATA: dataMount,
    OWNER: String(podUser),
    DIRECTORIES: list(podDirectories(options)),
    SECRETS: list(secrets.map(([secret, stored]) => `${secret}=${stored}`)),
    SECRET_FILE: secretFile,
    REMOVED: removedSecret,
    CERTIFICATE_SECRET: tls.mode === "provided" ? tls.secretName : "",
    AUTHORITY_SECRET: tls.mode === "private" ? (storedSecrets[authority] ?? "") : "",
    CERTIFICATE_NAME: hostname,
    PROGRAM: "/usr/local/bin/registry-cache",
  };
}

/** As the script takes it apart: at spaces. */
function list(words: readonly string[]): string {
  const odd = words.find((word) => !/^[^\s*?[\\]+$/.test(word));
  if (odd !== undefined) throw new RangeError(`not one word for a shell: ${JSON.stringify(odd)}`);
  return words.join(" ");
}
