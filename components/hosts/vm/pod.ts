import { pageCacheGiB } from "../../capacity/limits.ts";
import type { MachineType } from "../../capacity/machine.ts";
import { cloudOf } from "../../capacity/machine.ts";
import { machineNamed } from "../../capacity/machines.ts";
import { upstreamsOf } from "../../capacity/plan.ts";
import type { PlannedDisk } from "../../capacity/plan-disk.ts";
import { everyone, rangeOf } from "../../config/access.ts";
import { replaceLabelTemplates } from "../../config/alerts.ts";
import { internalPort, podPorts } from "../../config/ports.ts";
import type { VmRegion } from "../../config/schema.ts";
import { ownDiskBudget } from "../../pod/edge/budget.ts";
import { type AcmeOptions, configured, externalLabels, type PodOptions } from "../../pod/options.ts";
import { identityGroup, podUser } from "../../pod/pod.ts";
import { secretFile } from "../../pod/secrets.ts";
import type { ObjectStore } from "../../pod/store.ts";
import { script } from "../../shell/script.ts";
import type { PlanRequest } from "../kind.ts";
import { onCallProgram, probeParameters, testImage } from "../oncall/program.ts";
import { type Bundle, renderBundle } from "../podman/bundle.ts";
import { authority, removedSecret, type StoredSecrets } from "./secrets.ts";
import { dataMount, shellVariables, stateDirectory } from "./user-data.ts";

/** The inputs of a machine's Pod. */
export interface VmPodOptions extends Omit<PlanRequest<VmRegion>, "stack" | "governance"> {
  /** The machine and its disk. */
  readonly capacity: {
    readonly machine: Pick<MachineType, "type">;
    readonly disk: Pick<PlannedDisk, "sizeGiB">;
  };
  /** The region's object store, with `storage.kind: bucket`. @default blobs are on the disk */
  readonly store?: ObjectStore | undefined;
  /** Names of the secrets in the cloud's store. */
  readonly storedSecrets: StoredSecrets<string>;
  /** CIDR ranges of the cloud's load balancer. @default there is no load balancer */
  readonly furtherClients?: readonly string[] | undefined;
  /** How lego answers the DNS-01 challenge with the machine's own identity. */
  readonly dns: Omit<AcmeOptions, "email">;
}

const nodeExporterPort = 9100;
/** More than any machine has. Most memory serves the page cache anyway, and another limit would restart the container when the machine type changes. */
const edgeMemoryMiB = 256 * 1024;
/** The memory for transfers in progress on a machine whose memory isn't known. */
const unknownTransfersMiB = 1024;

/** The clients that the edge itself accepts. A prefix list, a security group or a service tag can change while the Pod stays the same. If the list has one, only the firewall decides. */
function addressesOf(sources: readonly string[]): readonly string[] {
  return sources.every((source) => everyone.includes(source) || rangeOf(source)) ? sources : everyone;
}

/** The memory of the machine that remains for transfers in progress. If nginx took more, the kernel would kill the largest process of the machine, which is one of its workers. */
function transfersMiB({ region, upstreams, capacity }: VmPodOptions): number {
  const machine = machineNamed(cloudOf(region), capacity.machine.type);
  if (!machine) return unknownTransfersMiB;
  return Math.floor(pageCacheGiB(machine, upstreamsOf(upstreams)) * 1024);
}

/** The bundle of a machine: the same Pod as everywhere, with its volumes on the data disk, and machine.sh, which prepares what the Pod needs on the machine. */
export function vmPod(options: VmPodOptions): Bundle {
  const { region, upstreams, store, furtherClients = [] } = options;
  const { tls, port } = region.endpoint;
  const labels = externalLabels(options);
  const volume = (directory: string) => ({
    hostPath: { path: `${dataMount}/${directory}`, type: "Directory" },
  });
  const pod: PodOptions = {
    ...configured(options),
    name: "registry-cache",
    ports: podPorts(internalPort, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port },
    clients: [...addressesOf(region.access.clients), ...furtherClients],
    metricsClients: addressesOf(region.access.metrics),
    budget: ownDiskBudget(options.capacity.disk.sizeGiB),
    edgeMemoryMiB,
    transfersMiB: transfersMiB(options),
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
      "journald.conf": journalRetention,
      "identity.nft": identityRules,
      settings: shellVariables(machineSettings(options)),
      "registry-cache": onCallProgram({
        host: "vm",
        region: region.name,
        endpoint: new URL(`https://${region.endpoint.hostname}:${port}`).origin,
        internalPort,
        probe: probeParameters(region.endpoint.hostname, { port }),
        // The program knows an alert's name, but not the labels of its series.
        runbookUrl: replaceLabelTemplates(options.monitoring.alerts.runbookUrl, (label) =>
          encodeURIComponent(labels[label] ?? ""),
        ),
        image: testImage(upstreams),
        data: dataMount,
        state: stateDirectory,
      }),
    },
  });
}

/** journald.conf(5). The edge's log has clients' addresses: docs/security.md. The journal deletes whole files, and so begins one each day. */
const journalRetention = "[Journal]\nMaxRetentionSec=30day\nMaxFileSec=1day\n";

/**
 * nft(8). Refuses the metadata service, and so the machine's identity, to all containers but those that use it. Replaces the rules of an earlier Pod at once.
 * The same address in AWS and Azure.
 */
export const identityRules = `table ip registry_cache
delete table ip registry_cache
table ip registry_cache {
  chain output {
    type filter hook output priority filter
    ip daddr 169.254.169.254 meta skuid ${podUser} meta skgid != ${identityGroup} reject
  }
}
`;

/** The variables that machine.sh reads. */
function machineSettings(options: VmPodOptions): Record<string, string> {
  const { storedSecrets, region, upstreams, store } = options;
  const { tls, hostname } = region.endpoint;
  const origins = store ? [] : upstreams.map(({ name }) => `origin-${name}`);
  const secrets = Object.entries(storedSecrets).filter(([secret]) => secret !== authority);
  return {
    DATA: dataMount,
    OWNER: String(podUser),
    // Those on the data disk that the Pod mounts as volumes.
    DIRECTORIES: list(["tls", "cache", "prometheus", "acme", ...origins]),
    SECRETS: list(secrets.map(([secret, stored]) => `${secret}=${stored}`)),
    SECRET_FILE: secretFile,
    REMOVED: removedSecret,
    CERTIFICATE_SECRET: tls.mode === "provided" ? tls.secretName : "",
    AUTHORITY_SECRET: tls.mode === "private" ? (storedSecrets[authority] ?? "") : "",
    CERTIFICATE_NAME: hostname,
    PROGRAM: "/usr/local/bin/registry-cache",
    JOURNAL: "/etc/systemd/journald.conf.d/60-registry-cache.conf",
  };
}

/** A list that the script splits at spaces. */
function list(words: readonly string[]): string {
  const odd = words.find((word) => !/^[^\s*?[\\]+$/.test(word));
  if (odd !== undefined) throw new RangeError(`not one word for a shell: ${JSON.stringify(odd)}`);
  return words.join(" ");
}
