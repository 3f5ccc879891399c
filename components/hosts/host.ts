import type * as pulumi from "@pulumi/pulumi";
import type { Credentials } from "../config/credentials.ts";
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
}

/** What is known before anything is looked up or made. */
export type HostPlanArgs<R extends AnyRegion = AnyRegion> = Omit<HostArgs<R>, "credentials">;

/** What every host gives: where the cache of a region runs and how it is reached. */
export interface Host extends pulumi.ComponentResource {
  /** IP address that the endpoint's name leads to. */
  readonly address: pulumi.Output<string>;
  /** The authority that clients have to trust, where it isn't a public one. */
  readonly ca: pulumi.Output<{ readonly file: string; readonly certificate: string } | undefined>;
  /** Size of the disk that holds the cache, in GiB. */
  readonly diskGiB: number;
}

/** One kind of place where a cache can run. Each folder here has one, and only the stack's own is loaded. */
export interface HostDriver<R extends AnyRegion = AnyRegion> {
  /**
   * What stands in a region's way, found without changing anything.
   * @returns problems whose path is relative to the region.
   */
  preflight(args: HostPlanArgs<R>): Promise<Problem[]>;
  /** The provider of the region's resources, where there is one to configure. */
  createProvider?(region: R): pulumi.ProviderResource;
  createHost(name: string, args: HostArgs<R>, options: pulumi.ComponentResourceOptions): Host;
}
