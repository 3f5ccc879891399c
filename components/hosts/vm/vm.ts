import type { AwsRegion, AzureRegion, StackConfig, Upstream } from "../../config/schema.ts";
import type { AcmeOptions } from "../../pod/acme.ts";
import { diskBudget, ownDisk } from "../../pod/edge/budget.ts";
import { defaultImages } from "../../pod/images.ts";
import { renderPod } from "../../pod/pod.ts";
import { podPorts } from "../../pod/ports.ts";
import { dataMount, packUserData, renderUserData } from "./user-data.ts";

export type VmRegion = Extract<AwsRegion | AzureRegion, { topology: "vm" }>;

/** What a cloud adds to the machine that all clouds have in common. */
export interface VmOptions {
  readonly provider: "aws" | "azure";
  readonly region: VmRegion;
  readonly upstreams: readonly Upstream[];
  readonly images: StackConfig["images"];
  readonly monitoring: Pick<StackConfig["monitoring"], "labels">;
  readonly diskGiB: number;
  /** See {@link renderUserData}. */
  readonly dataDevice: string;
  /** See {@link renderUserData}. */
  readonly fetchSecret: string;
  /** The name in the cloud's secret store of each upstream's credentials, by the upstream's name. */
  readonly storedCredentials: Readonly<Record<string, string>>;
  /** How lego proves the host name, by the machine's own identity. */
  readonly dns: Pick<AcmeOptions, "dnsProvider" | "environment">;
  /** Commands for the first boot only. */
  readonly prepare?: readonly (readonly string[])[];
  /** What the cloud takes as user data, before base64. */
  readonly limitBytes: number;
}

/** The first of the ports that the Pod's containers use on the machine's loopback. */
const internalPort = 15000;
const nodeExporterPort = 9100;
/** Local time, UTC on both clouds: after the nightly upgrades, and when few clusters are scaled. */
const rebootTime = "04:30";
/** A disk under this size is divided; from it on, all disks have the same budget, so that one grows without another Pod. */
const smallDiskGiB = 16;
/** More than a machine has: the page cache is what its memory is for, and another machine type is no reason for another Pod. */
const edgeMemoryMiB = 256 * 1024;
const podName = "registry-cache";

/**
 * The user data of a cache VM: the same Pod as everywhere, on the data disk, with what surrounds it.
 * @throws UserDataTooLarge
 */
export function vmUserData(options: VmOptions): Uint8Array {
  const { region, upstreams } = options;
  const { tls, hostname, port } = region.endpoint;
  const secretName = (upstream: string) => `${podName}-${upstream}-credentials`;
  const withCredentials = upstreams.filter(({ name }) => options.storedCredentials[name] !== undefined);
  const volume = (directory: string) => ({
    hostPath: { path: `${dataMount}/${directory}`, type: "Directory" },
  });
  const manifests = renderPod({
    name: podName,
    labels: { "app.kubernetes.io/name": "registry-cache", "app.kubernetes.io/instance": region.name },
    upstreams,
    images: { ...defaultImages, ...options.images },
    ports: podPorts(internalPort, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port },
    clients: region.access.clients,
    metricsClients: region.access.metrics,
    freshnessSeconds: region.freshnessSeconds,
    budget: options.diskGiB < smallDiskGiB ? diskBudget(options.diskGiB) : ownDisk,
    edgeMemoryMiB,
    externalLabels: { ...options.monitoring.labels, provider: options.provider, region: region.name },
    hostNetwork: true,
    nodeExporterPort,
    ...(tls.mode === "acme" && { acme: { hostname, email: tls.email, ...options.dns } }),
    volumes: {
      tls: volume("tls"),
      cache: volume("cache"),
      prometheus: volume("prometheus"),
      acme: volume("acme"),
      origin: (upstream) => volume(`origin-${upstream}`),
    },
    credentials: Object.fromEntries(withCredentials.map(({ name }) => [name, secretName(name)])),
  });
  const text = renderUserData({
    manifests,
    dataDevice: options.dataDevice,
    directories: ["tls", "cache", "prometheus", "acme", ...upstreams.map(({ name }) => `origin-${name}`)],
    fetchSecret: options.fetchSecret,
    secrets: Object.fromEntries(
      withCredentials.map(({ name }) => [secretName(name), options.storedCredentials[name] ?? ""]),
    ),
    ...(tls.mode === "provided" && { certificate: { secret: tls.secretName } }),
    ...(tls.mode === "private" && { certificate: { hostname } }),
    ...(options.prepare && { prepare: options.prepare }),
    rebootTime,
  });
  return packUserData(text, options.limitBytes);
}
