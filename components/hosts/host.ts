import type * as pulumi from "@pulumi/pulumi";
import type { Credentials, Token } from "../config/credentials.ts";
import type { Problem } from "../config/problems.ts";
import type { StackConfig, Upstream } from "../config/schema.ts";

export type AnyRegion = StackConfig["regions"][number];

/** What every host is given: one region of the stack, and what all regions share. */
export interface HostArgs<R extends AnyRegion = AnyRegion> {
  readonly region: R;
  readonly upstreams: readonly Upstream[];
  readonly images: StackConfig["images"];
  readonly monitoring: StackConfig["monitoring"];
  /** What disk and machine are sized for, where the host sizes them. */
  readonly workload: StackConfig["workload"];
  /** By the name that an upstream's `credentials` has. */
  readonly credentials: Readonly<Record<string, pulumi.Output<Credentials>>>;
  /** Default: remote write, if there is one, is anonymous. */
  readonly remoteWriteCredentials?: pulumi.Output<Credentials | Token> | undefined;
}

/** What is known before anything is looked up or made. */
export type HostPlanArgs<R extends AnyRegion = AnyRegion> = Omit<
  HostArgs<R>,
  "credentials" | "remoteWriteCredentials"
>;

/** What every host gives: where the cache of a region runs and how it is reached. */
export interface Host extends pulumi.ComponentResource {
  /** IP address, or name of a load balancer, that the endpoint's name leads to. */
  readonly address: pulumi.Output<string>;
  /** The authority that clients have to trust, where it isn't a public one. */
  readonly ca: pulumi.Output<{ readonly file: string; readonly certificate: string } | undefined>;
  /** Size of the disk that holds the cache, in GiB; of each replica. */
  readonly diskGiB: number;
  /** Where the blobs are, if in object storage. */
  readonly bucketUrl?: string | undefined;
}

/** What a provider says about what a region's configuration names. */
export interface LookedUp<Found> {
  /** For the region's host; only without problems. */
  readonly found?: Found;
  /** Their path is relative to the region. */
  readonly problems: readonly Problem[];
}

/** One kind of place where a cache can run. Each folder here has one, and only the stack's own is loaded. */
export interface HostDriver<R extends AnyRegion = AnyRegion, Found = unknown> {
  /**
   * What stands in a region's way, found without changing anything.
   * @returns problems whose path is relative to the region.
   */
  preflight(args: HostPlanArgs<R>): Promise<Problem[]>;
  /** The provider of the region's resources, where there is one to configure. */
  createProvider?(region: R): pulumi.ProviderResource;
  /** Asks the provider, where there is something to ask, whether what the configuration names is there: after the preflights, before anything is made. */
  lookUp?(args: HostPlanArgs<R>, provider: pulumi.ProviderResource): Promise<LookedUp<Found>>;
  /** @param found by lookUp(). */
  createHost(name: string, args: HostArgs<R>, options: pulumi.ComponentResourceOptions, found?: Found): Host;
}
