import { everyone } from "../../config/endpoint.ts";
import { podPorts } from "../../config/ports.ts";
import type { VmRegion } from "../../config/schema.ts";
import { isPrefixList } from "../../config/text.ts";
import type { AcmeOptions } from "../../pod/acme-options.ts";
import { ownDiskBudget } from "../../pod/edge/budget.ts";
import { configured } from "../../pod/options.ts";
import { renderPod } from "../../pod/pod.ts";
import type { ObjectStore } from "../../pod/store.ts";
import type { RegionPlan } from "../kind.ts";
import type { StoredSecrets } from "./secrets.ts";
import { dataMount, podYaml } from "./user-data.ts";

/** What the Pod of a machine depends on. */
export interface VmPodOptions
  extends Pick<RegionPlan<VmRegion>, "provider" | "region" | "upstreams" | "images" | "monitoring"> {
  readonly diskGiB: number;
  /** Where the region keeps its blobs, with `storage.kind: bucket`. @default on the disk */
  readonly store?: ObjectStore | undefined;
  /** Their names in the cloud's store. */
  readonly storedSecrets: StoredSecrets<string>;
  /** How lego proves the host name, by the machine's own identity. */
  readonly dns: Omit<AcmeOptions, "email">;
}

/** The first of the ports that the Pod's containers use on the machine's loopback. */
const internalPort = 15000;
const nodeExporterPort = 9100;
/** More than a machine has: the page cache is what its memory is for, and another machine type is no reason for another Pod. */
const edgeMemoryMiB = 256 * 1024;
const podName = "registry-cache";

/** A secret's name as podman knows it. */
export function podSecret(secret: string): string {
  return `${podName}-${secret}`;
}

/** Directories below the data disk's mount that the Pod's volumes are. */
export function podDirectories({ upstreams, store }: Pick<VmPodOptions, "upstreams" | "store">): string[] {
  const origins = store ? [] : upstreams.map(({ name }) => `origin-${name}`);
  return ["tls", "cache", "prometheus", "acme", ...origins];
}

/** Whom the edge itself lets in. What is in a prefix list changes without the Pod, so with one the firewall decides alone. */
function addressesOf(sources: readonly string[]): readonly string[] {
  return sources.some(isPrefixList) ? everyone : sources;
}

/** The same Pod as everywhere, on the data disk, as podman plays it: YAML. */
export function vmPod(options: VmPodOptions): string {
  const { region, upstreams, store } = options;
  const { tls, port } = region.endpoint;
  const volume = (directory: string) => ({
    hostPath: { path: `${dataMount}/${directory}`, type: "Directory" },
  });
  const manifests = renderPod({
    ...configured(options),
    name: podName,
    labels: { "app.kubernetes.io/name": "registry-cache", "app.kubernetes.io/instance": region.name },
    ports: podPorts(internalPort, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port },
    clients: addressesOf(region.access.clients),
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
        hostPath: { path: `/var/lib/registry-cache/secrets/${name}`, type: "Directory" },
      }),
    },
    ...(store && { store }),
  });
  return podYaml(manifests);
}
