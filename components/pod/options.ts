import type { Volume } from "kubernetes-types/core/v1.d.ts";
import type { PodPorts } from "../config/ports.ts";
import type { Prefetch } from "../config/prefetch.ts";
import type { CommonKeys } from "../config/region.ts";
import type { AnyRegion, StackConfig, Upstream } from "../config/schema.ts";
import type { DiskBudget } from "./edge/budget.ts";
import type { ObjectStore } from "./store.ts";

/** The source of a volume that a host provides: for example a host path, a claim or a Secret. */
export type VolumeSource = Omit<Volume, "name">;

/** The options that come from the configuration unchanged, for every host: see {@link configured}. */
export interface ConfiguredPod {
  readonly provider: StackConfig["provider"];
  readonly region: PodRegion;
  readonly upstreams: readonly Upstream[];
  /** Images that replace the pinned ones. */
  readonly images: StackConfig["images"];
  /** Certificates, PEM, in addition to those of public authorities. */
  readonly trustedAuthorities?: string;
  readonly monitoring: StackConfig["monitoring"];
  readonly prefetch?: PodPrefetch;
}

/** What the Pod pulls before a client requests it. */
export interface PodPrefetch extends Prefetch {
  /** The size of the content in use at one time. Prefetching never evicts the most recently used content of this size. */
  readonly workingSetGiB: number;
}

/** The part of a region that its Pod depends on, for every host. */
export interface PodRegion extends CommonKeys {
  readonly name: string;
  readonly topology: AnyRegion["topology"];
  /** The name and port that clients connect to. */
  readonly endpoint: { readonly hostname: string; readonly port: number };
}

/** Replicas that share their blobs. */
export interface Peers {
  /** The port on which each replica answers the others, on the addresses where clients connect. HTTP. */
  readonly port: number;
  /** All replicas including this one, as `host:port`. The hash uses these strings, so all replicas must have the same ones, in any order. */
  readonly servers: readonly string[];
}

/** How the Pod obtains its own certificate with lego: https://go-acme.github.io/lego/ */
export interface AcmeOptions {
  readonly email: string;
  /** Directory URL of the authority. @default Let's Encrypt */
  readonly server?: string;
  /** lego's name of the DNS provider, for example `route53`. */
  readonly dnsProvider: string;
  /**
   * The environment of that provider, without secrets, because the machine's identity has the rights. It can also have lego's own settings
   * (`LEGO_…`) and the intervals of acme.sh: see there.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a private zone hides the public zone that proves the name. Then lego can't see when the record is published, and waits a minute instead. @default false */
  readonly isShadowed?: boolean;
}

/** All options of the Pod: a host adds these to the {@link ConfiguredPod}. */
export interface PodOptions extends ConfiguredPod {
  /** The Pod's name, and the prefix of the ConfigMaps' names. */
  readonly name: string;
  readonly ports: PodPorts;
  /** Where clients connect: addresses of this host, or `*` for all. */
  readonly listen: { readonly addresses: readonly string[]; readonly port: number };
  /**
   * CIDR ranges of proxies that terminate TLS and name the client in `X-Forwarded-For`. The ports then serve plain HTTP, only to these proxies, and
   * there is no volume `tls`. `any`: the network admits nobody else, so the edge trusts every sender. @default none: clients connect to the edge directly
   */
  readonly proxies?: readonly string[] | "any";
  readonly clients: readonly string[];
  /** CIDR ranges that may read the metrics at the metrics port. If empty, the port stays closed. */
  readonly metricsClients: readonly string[];
  readonly budget: DiskBudget;
  /** The edge's memory limit, including the page cache of what it serves. */
  readonly edgeMemoryMiB: number;
  /** The memory for transfers in progress on a machine of the cache's own. The page cache uses it while there are few. @default what nginx itself leaves of {@link edgeMemoryMiB} */
  readonly transfersMiB?: number;
  /** Worker processes of nginx. @default one per processor, for a machine of the cache's own */
  readonly edgeWorkers?: number;
  /** The region's maximum number of Pods like this one. If set, the Pod's name becomes the external label `replica` of its series and alerts, except the watchdog. @default only this Pod */
  readonly replicas?: number;
  /** The replicas that share their blobs: see edge/peers.ts. @default each replica fetches and keeps all blobs */
  readonly peers?: Peers;
  /** Whether the Pod uses the host's network: on a machine of its own, so that it sees the clients' addresses. */
  readonly hostNetwork: boolean;
  /** Loopback port of the machine's node_exporter. @default there is none */
  readonly nodeExporterPort?: number;
  /** How to obtain a certificate from an ACME authority. @default the volume `tls` has a certificate */
  readonly acme?: AcmeOptions;
  readonly volumes: {
    /** `tls.crt` and `tls.key`, readable by the Pod's user. */
    readonly tls: VolumeSource;
    /** Writable by the Pod's user, and persistent. */
    readonly cache: VolumeSource;
    readonly prometheus: VolumeSource;
    /** Only with {@link PodOptions.acme}: lego's account and certificates. Persistent. */
    readonly acme?: VolumeSource;
    /** The origin's own store. Not used with a {@link PodOptions.store}. */
    origin(upstream: string): VolumeSource;
    /** A secret that the configuration refers to, as the file that secrets.ts describes, readable by the Pod's user. */
    secret(name: string): VolumeSource;
  };
  /** The store of blobs that all replicas share. @default none: the edge's cache is the primary store, and the origins' own stores are short-lived */
  readonly store?: ObjectStore;
}

/** Labels of every series and alert that leaves the Pod. They include the configured ones. */
export function externalLabels({
  provider,
  region: { name, topology },
  monitoring,
}: Pick<ConfiguredPod, "provider" | "region" | "monitoring">): Record<string, string> {
  return { ...monitoring.labels, provider, topology, region: name };
}

/** Selects the options that come from the configuration. */
export function configured({
  provider,
  region,
  upstreams,
  images,
  trustedAuthorities,
  monitoring,
  prefetch,
  workload: { workingSetGiB },
}: Omit<ConfiguredPod, "prefetch"> & Pick<StackConfig, "prefetch" | "workload">): ConfiguredPod {
  return {
    provider,
    region,
    upstreams,
    images,
    monitoring,
    ...(trustedAuthorities !== undefined && { trustedAuthorities }),
    ...(prefetch && { prefetch: { ...prefetch, workingSetGiB } }),
  };
}
