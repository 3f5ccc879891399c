import type { Volume } from "kubernetes-types/core/v1.d.ts";
import type { PodPorts } from "../config/ports.ts";
import type { Prefetch } from "../config/prefetch.ts";
import type { CommonKeys } from "../config/region.ts";
import type { StackConfig, Upstream } from "../config/schema.ts";
import type { DiskBudget } from "./edge/budget.ts";
import type { ObjectStore } from "./store.ts";

/** Where a volume's content is: on the host, in a claim, in a Secret: what a host offers. */
export type VolumeSource = Omit<Volume, "name">;

/** What the Pod takes from the configuration as it stands there, wherever it runs: see {@link configured}. */
export interface ConfiguredPod {
  readonly region: PodRegion;
  readonly upstreams: readonly Upstream[];
  /** In the place of the pinned ones. */
  readonly images: StackConfig["images"];
  readonly monitoring: StackConfig["monitoring"];
  readonly prefetch?: PodPrefetch;
  /** Labels that every series and alert leaves the Pod with, whatever the configuration says. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** What the Pod is to pull before it is asked for it. */
export interface PodPrefetch extends Prefetch {
  /** What is in use at one time: so much of what was used last is never evicted for it. */
  readonly workingSetGiB: number;
}

/** The part of a region that its Pod depends on, wherever it runs. */
export interface PodRegion extends CommonKeys {
  readonly name: string;
  /** The name and port that clients connect to. */
  readonly endpoint: { readonly hostname: string; readonly port: number };
}

/** Replicas that share their blobs. */
export interface Peers {
  /** Where each replica answers the others, at the addresses where clients connect. HTTP. */
  readonly port: number;
  /** All replicas, this one too, as `host:port`. The hash goes by these words, so they are the same, in any order, in all replicas. */
  readonly servers: readonly string[];
}

/** How the Pod gets its own certificate, by lego: https://go-acme.github.io/lego/ */
export interface AcmeOptions {
  readonly email: string;
  /** Directory URL of the authority. @default Let's Encrypt */
  readonly server?: string;
  /** lego's name of the DNS provider, for example `route53`. */
  readonly dnsProvider: string;
  /**
   * What that provider reads; no secret: the machine's identity has the rights. Also lego's own settings, as `LEGO_…`, and how often acme.sh looks:
   * see there.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a private zone hides the public one in which the name is proved: then nobody here can see when the proof is there, and lego waits a minute. @default false */
  readonly isShadowed?: boolean;
}

/** What a host adds to the {@link ConfiguredPod}. */
export interface PodOptions extends ConfiguredPod {
  /** Also the prefix of the ConfigMaps' names. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: PodPorts;
  /** Where clients connect: addresses of this host, `*` for all. */
  readonly listen: { readonly addresses: readonly string[]; readonly port: number };
  /**
   * CIDR ranges of proxies that end TLS and name the client in `X-Forwarded-For`: then the ports speak plain HTTP, only to them, and there is no
   * volume `tls`. `any`: the network lets in nobody else, so each word of theirs counts. @default none: clients connect to the edge itself
   */
  readonly proxies?: readonly string[] | "any";
  readonly clients: readonly string[];
  /** CIDR ranges of those who may read the metrics at the metrics port; with none, the port stays closed. */
  readonly metricsClients: readonly string[];
  readonly budget: DiskBudget;
  /** What the edge may use, with the page cache of what it serves. */
  readonly edgeMemoryMiB: number;
  /** Worker processes of nginx. @default one per processor, where the machine is the cache's own */
  readonly edgeWorkers?: number;
  /** How many Pods like this one the region has at most: its name becomes the external label `replica`, which alerts leave without. @default there is no other, and no label */
  readonly replicas?: number;
  /** The replicas that share their blobs: see peers.ts of the edge. @default each fetches and keeps all for itself */
  readonly peers?: Peers;
  /** Share the host's network: on a machine of its own, so that clients keep their addresses. */
  readonly hostNetwork: boolean;
  /** Port of the machine's node_exporter on loopback. Default: there is none. */
  readonly nodeExporterPort?: number;
  /** Get the certificate from an ACME authority. Default: it is in the volume `tls` already. */
  readonly acme?: AcmeOptions;
  readonly volumes: {
    /** `tls.crt` and `tls.key`, readable by the Pod's user. */
    readonly tls: VolumeSource;
    /** Writable by the Pod's user, kept over restarts. */
    readonly cache: VolumeSource;
    readonly prometheus: VolumeSource;
    /** Only with {@link PodOptions.acme}; account and certificates, kept over restarts. */
    readonly acme?: VolumeSource;
    /** Not with a {@link PodOptions.store}. */
    origin(upstream: string): VolumeSource;
    /** With the file that secrets.ts says, readable by the Pod's user; only for those that the configuration names. */
    secret(name: string): VolumeSource;
  };
  /** Where blobs are kept for all replicas. @default the edge's cache is the only store, and the origins' own one is short-lived */
  readonly store?: ObjectStore;
}

type Configuration = Omit<ConfiguredPod, "externalLabels" | "region" | "prefetch"> & {
  readonly provider: string;
  readonly prefetch?: Prefetch;
  readonly workload: Pick<StackConfig["workload"], "workingSetGiB">;
  readonly region: PodRegion & { readonly topology: string };
};

/** See {@link ConfiguredPod.externalLabels}. */
export function externalLabels({
  provider,
  region: { name, topology },
  monitoring,
}: Pick<Configuration, "provider" | "region" | "monitoring">): Record<string, string> {
  return { ...monitoring.labels, provider, topology, region: name };
}

export function configured({
  provider,
  region,
  upstreams,
  images,
  monitoring,
  prefetch,
  workload: { workingSetGiB },
}: Configuration): ConfiguredPod {
  return {
    region,
    upstreams,
    images,
    monitoring,
    externalLabels: externalLabels({ provider, region, monitoring }),
    ...(prefetch && { prefetch: { ...prefetch, workingSetGiB } }),
  };
}
