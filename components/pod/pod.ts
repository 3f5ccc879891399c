import type { ConfigMap, Container, Pod, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import type { Upstream } from "../config/schema.ts";
import { type AcmeOptions, acmeCommand, legoDirectory } from "./acme.ts";
import type { DiskBudget } from "./edge/budget.ts";
import { edgePaths, renderEdgeConfig } from "./edge/nginx.ts";
import { renderExporterConfig } from "./exporter.ts";
import type { Images } from "./images.ts";
import { originCredentials, originCredentialsVariable, renderOriginConfig } from "./origin.ts";
import type { PodPorts } from "./ports.ts";
import { renderPrometheusConfig } from "./prometheus.ts";
import { script } from "./script.ts";

/** Where a volume's content is: on the host, in a claim, in a Secret: what a host offers. */
export type VolumeSource = Omit<Volume, "name">;

export interface PodOptions {
  /** Also the prefix of the ConfigMaps' names. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly upstreams: readonly Upstream[];
  readonly images: Images;
  readonly ports: PodPorts;
  readonly listen: { readonly addresses: readonly string[]; readonly port: number };
  readonly clients: readonly string[];
  /** CIDR ranges of those who may read the metrics at {@link metricsPort}; with none, the port stays closed. */
  readonly metricsClients: readonly string[];
  readonly freshnessSeconds: number;
  readonly budget: DiskBudget;
  /** What the edge may use, with the page cache of what it serves. */
  readonly edgeMemoryMiB: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Share the host's network: on a machine of its own, so that clients keep their addresses. */
  readonly hostNetwork: boolean;
  /** See {@link PrometheusOptions}. */
  readonly nodeExporterPort?: number;
  /** Get the certificate from an ACME authority. Default: it is in the volume `tls` already. */
  readonly acme?: AcmeOptions;
  readonly volumes: {
    /** `tls.crt` and `tls.key`, readable by {@link podUser}. */
    readonly tls: VolumeSource;
    /** Writable by {@link podUser}, kept over restarts. */
    readonly cache: VolumeSource;
    readonly prometheus: VolumeSource;
    /** Only with {@link PodOptions.acme}; account and certificates, kept over restarts. */
    readonly acme?: VolumeSource;
    origin(upstream: string): VolumeSource;
  };
  /** Per upstream that has credentials: the name of the Secret whose key `credentials` holds what {@link originCredentials} renders. */
  readonly credentials: Readonly<Record<string, string>>;
}

export interface PodManifests {
  readonly pod: Pod;
  readonly configMaps: readonly ConfigMap[];
}

/** The user and group that every container runs as: no image's own, so that one owner fits all volumes. */
export const podUser = 10001;

/** A stop waits so long for pulls to end; the containers' own limits stay under it. */
export const terminationGraceSeconds = 120;
const drainSeconds = terminationGraceSeconds - 10;

const configRoot = "/etc/registry-cache";
const originRoot = "/var/lib/registry";
const prometheusRoot = "/prometheus";

/** Renders the cache: one Pod, and one ConfigMap for each container that has a configuration. */
export function renderPod(options: PodOptions): PodManifests {
  const parts = [
    edge(options),
    ...options.upstreams.map((_, index) => origin(options, index)),
    exporter(options),
  ];
  parts.push(prometheus(options), janitor(options));
  if (options.acme) parts.push(acme(options, options.acme));
  const configName = (part: Part) => `${options.name}-${part.container.name}`;
  return {
    configMaps: parts.map((part) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: configName(part), labels: options.labels },
      data: part.files,
    })),
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: options.name, labels: options.labels },
      spec: {
        hostNetwork: options.hostNetwork,
        restartPolicy: "Always",
        terminationGracePeriodSeconds: terminationGraceSeconds,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        containers: parts.map((part) => ({
          ...part.container,
          securityContext,
          volumeMounts: [
            { name: configName(part), mountPath: `${configRoot}/${part.container.name}`, readOnly: true },
            ...part.mounts,
          ],
        })),
        volumes: [
          ...parts.map((part) => ({ name: configName(part), configMap: { name: configName(part) } })),
          ...Object.entries({
            tls: options.volumes.tls,
            cache: options.volumes.cache,
            prometheus: options.volumes.prometheus,
            ...(options.acme && { acme: options.volumes.acme }),
          }).map(([name, source]) => ({ name, ...source })),
          ...options.upstreams.map(({ name }) => ({
            name: `origin-${name}`,
            ...options.volumes.origin(name),
          })),
        ],
      },
    },
  };
}

/** A container, the files of its ConfigMap (at /etc/registry-cache/<container>), and its other mounts. */
interface Part {
  readonly container: Container;
  readonly files: Record<string, string>;
  readonly mounts: readonly VolumeMount[];
}

/** What the restricted Pod Security Standard asks for, and more: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const securityContext = {
  runAsNonRoot: true,
  runAsUser: podUser,
  runAsGroup: podUser,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

/** Memory is limited, processor time only where a container must not take it from the edge: a limit there would throttle pulls. */
function resources(memoryMiB: number, cpuMillis?: number) {
  return {
    requests: { memory: `${Math.min(128, Math.ceil(memoryMiB / 4))}Mi`, cpu: "20m" },
    limits: { memory: `${memoryMiB}Mi`, ...(cpuMillis !== undefined && { cpu: `${cpuMillis}m` }) },
  };
}

/** By a program in the image: the ports are on loopback, and podman has only this kind where an image has no curl. */
function httpProbe(port: number, path: string) {
  return {
    exec: { command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`] },
    initialDelaySeconds: 5,
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 3,
  };
}

function edge(options: PodOptions): Part {
  return {
    container: {
      name: "edge",
      image: options.images.edge,
      command: ["sh", `${configRoot}/edge/edge.sh`, `${configRoot}/edge/nginx.conf`, edgePaths.tls],
      // The page cache counts into it, and gives way.
      resources: resources(options.edgeMemoryMiB),
      livenessProbe: httpProbe(options.ports.edgeStatus, "/healthz"),
    },
    files: {
      "nginx.conf": renderEdgeConfig(options),
      "edge.sh": script(import.meta.url, "edge/edge.sh"),
    },
    mounts: [
      { name: "tls", mountPath: edgePaths.tls, readOnly: true },
      { name: "cache", mountPath: edgePaths.cache },
    ],
  };
}

/** No probe: origin.sh minds its registry, which is not always to run. */
function origin(options: PodOptions, index: number): Part {
  const upstream = options.upstreams[index];
  const ports = options.ports.origins[index];
  if (!upstream || !ports) throw new RangeError(`no upstream or no ports at ${index}`);
  const name = `origin-${upstream.name}`;
  const secret = options.credentials[upstream.name];
  return {
    container: {
      name,
      image: options.images.origin,
      command: [
        "sh",
        `${configRoot}/${name}/origin.sh`,
        `${configRoot}/${name}/config.yml`,
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

/** Its image has nothing but the exporter, so no probe: Prometheus notices when it is gone. */
function exporter(options: PodOptions): Part {
  return {
    container: {
      name: "exporter",
      image: options.images.exporter,
      command: ["/prometheus-nginxlog-exporter", "-config-file", `${configRoot}/exporter/config.yml`],
      resources: resources(64, 500),
    },
    files: { "config.yml": renderExporterConfig(options.ports) },
    mounts: [],
  };
}

function prometheus(options: PodOptions): Part {
  return {
    container: {
      name: "prometheus",
      image: options.images.prometheus,
      command: [
        "/bin/prometheus",
        `--config.file=${configRoot}/prometheus/prometheus.yml`,
        `--storage.tsdb.path=${prometheusRoot}`,
        "--storage.tsdb.retention.time=30d",
        `--storage.tsdb.retention.size=${options.budget.prometheusMiB}MB`,
        `--web.listen-address=127.0.0.1:${options.ports.prometheus}`,
      ],
      resources: resources(512, 500),
      livenessProbe: httpProbe(options.ports.prometheus, "/-/healthy"),
    },
    files: { "prometheus.yml": renderPrometheusConfig(options) },
    mounts: [{ name: "prometheus", mountPath: prometheusRoot }],
  };
}

function janitor(options: PodOptions): Part {
  return {
    container: {
      name: "janitor",
      image: options.images.edge,
      command: [
        "sh",
        `${configRoot}/janitor/janitor.sh`,
        edgePaths.cache,
        `http://127.0.0.1:${options.ports.edgeStatus}`,
      ],
      resources: resources(64, 500),
    },
    files: { "janitor.sh": script(import.meta.url, "janitor.sh") },
    mounts: [{ name: "cache", mountPath: edgePaths.cache }],
  };
}

function acme(options: PodOptions, acmeOptions: AcmeOptions): Part {
  return {
    container: {
      name: "acme",
      image: options.images.acme,
      command: acmeCommand(`${configRoot}/acme/acme.sh`, edgePaths.tls, acmeOptions),
      env: Object.entries(acmeOptions.environment).map(([name, value]) => ({ name, value })),
      resources: resources(128, 500),
    },
    files: { "acme.sh": script(import.meta.url, "acme.sh") },
    mounts: [
      { name: "tls", mountPath: edgePaths.tls },
      { name: "acme", mountPath: legoDirectory },
    ],
  };
}
