import type * as pulumi from "@pulumi/pulumi";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { Secrets } from "../config/credentials.ts";
import type { Problem } from "../config/problems.ts";
import type { AnyRegion, Governance, StackConfig } from "../config/schema.ts";
import type { MetricsAddress } from "../monitoring/federation.ts";

/** What all regions of a stack share, as far as they are planned by it. */
export interface Shared
  extends Pick<StackConfig, "provider" | "upstreams" | "images" | "monitoring" | "prefetch" | "workload"> {
  /** The stack's name, without organization: part of most names in a cloud. */
  readonly stack: string;
  /** @default nothing is asked for */
  readonly governance?: Governance;
}

export interface PlanRequest<R extends AnyRegion = AnyRegion> extends Shared {
  readonly region: R;
}

/** A region with what follows from its configuration alone. All that comes after it reads this: the questions to the provider, the host, the cost, the outputs. */
export interface RegionPlan<R extends AnyRegion = AnyRegion> extends PlanRequest<R> {
  /** Of the region's machine, or of each node, where the stack makes some. What is made may differ: where AWS doesn't sell that machine, see `found.machine.capacity`. */
  readonly capacity?: CapacityPlan;
  /**
   * Where a Prometheus outside reaches the metrics. @default nowhere: nobody may read them; or the endpoint leads to any one of several replicas, which a PodMonitor finds, or which
   * send their metrics away
   */
  readonly metrics?: MetricsAddress | undefined;
}

/** What is to be said of a region; paths are relative to it. */
export interface Findings {
  /** What can't be made. */
  readonly problems: readonly Problem[];
  /** What can, but isn't as it seems to be meant, or should soon be otherwise. */
  readonly warnings: readonly Problem[];
}

export interface Planned<Plan> extends Findings {
  /** With problems, of what comes next to what the configuration asks for. */
  readonly plan: Plan;
}

/** What the provider has of what a region's configuration names; or why the region can't be made. */
export interface LookedUp<Found extends object> {
  /** Only without problems. */
  readonly found?: Found | undefined;
  readonly problems: readonly Problem[];
}

export interface HostArgs<Plan, Found extends object = object> {
  readonly plan: Plan;
  readonly found: Found;
  readonly secrets: Secrets;
}

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
  /** What a private link of another account leads to, as its cloud knows it. @default there is none */
  readonly privateLink?: pulumi.Output<string> | undefined;
  /** Digest of the Pod that a machine is told to run, which may take it later. @default an update ends when the Pods run */
  readonly pod?: pulumi.Output<string>;
}

/** One kind of place where a cache can run: a provider, and a topology where the provider has several. docs/adding-a-provider.md shows how one is written. */
export interface KindDefinition<R extends AnyRegion, Plan extends RegionPlan<R>, Found extends object> {
  /** Pure. */
  plan(request: PlanRequest<R>): Planned<Plan>;
  /** What this machine and the stack's last update say, found without changing anything. @default nothing */
  preflight?(plan: Plan): Promise<Findings>;
  /** Of the region's resources. @default none has to be configured */
  createProvider?(plan: Plan, options: pulumi.ResourceOptions): pulumi.ProviderResource;
  /** Asks whether what the configuration names is there: after the preflights of all regions, before anything is made. */
  lookUp(plan: Plan, options: { readonly provider?: pulumi.ProviderResource }): Promise<LookedUp<Found>>;
  create(name: string, args: HostArgs<Plan, Found>, options: pulumi.ComponentResourceOptions): Host;
}

/** A kind, with the types of its plan and of what it finds kept to itself. */
export type Kind<R extends AnyRegion> = (request: PlanRequest<R>) => Promise<PlannedRegion>;

/** A region on its way from the configuration to its resources. */
export interface PlannedRegion {
  readonly plan: RegionPlan;
  /** What the plan alone says. */
  readonly findings: Findings;
  /** Whether there is somebody to ask in {@link PlannedRegion.lookUp}. */
  readonly hasProvider: boolean;
  /** The same with what the preflight says. */
  check(): Promise<Findings>;
  /**
   * Only for a region without problems.
   * @param options of the region's provider
   */
  lookUp(options?: pulumi.ResourceOptions): Promise<FoundRegion>;
}

export interface FoundRegion {
  readonly plan: RegionPlan;
  readonly problems: readonly Problem[];
  /** Of the region's resources, where there is one to configure. */
  readonly provider?: pulumi.ProviderResource | undefined;
  /** @throws TypeError for a region with problems */
  createHost(secrets: Secrets, options: pulumi.ComponentResourceOptions): Host;
}

/** @param load loads the definition: a cloud's SDK takes seconds. */
export function kind<R extends AnyRegion, Plan extends RegionPlan<R>, Found extends object>(
  load: () => Promise<KindDefinition<R, Plan, Found>>,
): Kind<R> {
  return async (request) => {
    const definition = await load();
    const { plan, ...findings } = definition.plan(request);
    const { name } = request.region;
    return {
      plan,
      findings,
      hasProvider: definition.createProvider !== undefined,
      async check() {
        const { problems = [], warnings = [] } = (await definition.preflight?.(plan)) ?? {};
        return {
          problems: [...findings.problems, ...problems],
          warnings: [...findings.warnings, ...warnings],
        };
      },
      async lookUp(options = {}) {
        const provider = definition.createProvider?.(plan, options);
        const { found, problems } = await definition.lookUp(plan, provider ? { provider } : {});
        return {
          plan,
          problems,
          provider,
          createHost(secrets, options) {
            if (!found) throw new TypeError(`${name}: its look-up has found problems`);
            return definition.create(name, { plan, found, secrets }, options);
          },
        };
      },
    };
  };
}
