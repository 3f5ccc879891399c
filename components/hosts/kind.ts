import type * as pulumi from "@pulumi/pulumi";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { Secrets } from "../config/credentials.ts";
import type { Problem } from "../config/problems.ts";
import type { AnyRegion, Governance, StackConfig } from "../config/schema.ts";
import type { MetricsAddress } from "../monitoring/federation.ts";

/** The part of a stack's configuration that all its regions share and that a plan reads. */
export interface Shared
  extends Pick<
    StackConfig,
    "provider" | "upstreams" | "images" | "trustedAuthorities" | "monitoring" | "prefetch" | "workload"
  > {
  /** The stack's name, without its organization. Most resource names in a cloud contain it. */
  readonly stack: string;
  /** @default no tags, boundaries or keys are required */
  readonly governance?: Governance;
}

export interface PlanRequest<R extends AnyRegion = AnyRegion> extends Shared {
  readonly region: R;
}

/** A region, with everything that follows from its configuration alone. The look-up, the host, the cost and the outputs all read it. */
export interface RegionPlan<R extends AnyRegion = AnyRegion> extends PlanRequest<R> {
  /** The size of the region's machine, or of each node that the stack creates. The actual machine type can differ where AWS doesn't sell this one: see `found.machine.capacity`. */
  readonly capacity?: CapacityPlan;
  /**
   * Where an external Prometheus scrapes the metrics.
   * @default not scrapeable from outside: `access.metrics` is empty, or the endpoint leads to any one of several replicas. A PodMonitor finds those, or they push their metrics.
   */
  readonly metrics?: MetricsAddress | undefined;
}

/** What is wrong with a region's configuration. Paths are relative to the region. */
export interface Findings {
  /** Reasons why the region can't be created. */
  readonly problems: readonly Problem[];
  /** The region can be created, but the result probably isn't what the user wants, or needs a change soon. */
  readonly warnings: readonly Problem[];
}

export interface Planned<Plan> extends Findings {
  /** If there are problems, the plan that is closest to the configuration. */
  readonly plan: Plan;
}

/** The existing resources that a region's configuration names, or the reasons why the region can't be created. */
export interface LookedUp<Found extends object> {
  /** Set only if there are no problems. */
  readonly found?: Found | undefined;
  readonly problems: readonly Problem[];
}

export interface HostArgs<Plan, Found extends object = object> {
  readonly plan: Plan;
  readonly found: Found;
  readonly secrets: Secrets;
}

/** What every host provides: where a region's cache runs, and how clients reach it. */
export interface Host extends pulumi.ComponentResource {
  /** Where the endpoint's DNS name leads: an IP address, or the DNS name of a load balancer. */
  readonly address: pulumi.Output<string>;
  /** The certificate authority that clients must trust. Undefined if the authority is a public one. */
  readonly ca: pulumi.Output<{ readonly file: string; readonly certificate: string } | undefined>;
  /** Size in GiB of the disk that holds the cache. With several replicas, the size of each replica's disk. */
  readonly diskGiB: number;
  /** URL of the bucket that stores the blobs, if they are in object storage. */
  readonly bucketUrl?: string | undefined;
  /** The cloud's name for the service that private links from other accounts connect to. @default there is no such service */
  readonly privateLink?: pulumi.Output<string> | undefined;
  /** Digest of the Pod that a machine should run. The machine can apply it after the update. @default the update waits until the Pods run */
  readonly pod?: pulumi.Output<string>;
}

/** Plans a region. Pure: calls no cloud, and importing it doesn't load Pulumi's SDK. */
export type Planner<R extends AnyRegion, Plan extends RegionPlan<R>> = (
  request: PlanRequest<R>,
) => Planned<Plan>;

/** The steps after the plan, for one kind of place where a cache can run: a provider, and a topology if the provider has several. See docs/adding-a-provider.md. */
export interface KindDefinition<Plan extends RegionPlan, Found extends object> {
  /**
   * Checks this machine and the state of the stack's last update. Changes nothing.
   * @param today like `2026-11-24`
   * @default no checks
   */
  preflight?(plan: Plan, today: string): Promise<Findings>;
  /** The Pulumi provider of the region's resources. @default the kind needs no configured provider */
  createProvider?(plan: Plan, options: pulumi.ResourceOptions): pulumi.ProviderResource;
  /** Asks the provider whether everything that the configuration names exists. Runs after the preflights of all regions and before any resource is created. */
  lookUp(plan: Plan, options: { readonly provider?: pulumi.ProviderResource }): Promise<LookedUp<Found>>;
  create(name: string, args: HostArgs<Plan, Found>, options: pulumi.ComponentResourceOptions): Host;
}

/** A kind that hides the types of its plan and of its look-up's result. */
export type Kind<R extends AnyRegion> = (request: PlanRequest<R>) => Promise<PlannedRegion>;

/** A region between its configuration and its resources. */
export interface PlannedRegion {
  readonly plan: RegionPlan;
  /** The findings of the plan alone. */
  readonly findings: Findings;
  /**
   * The plan's findings and the preflight's, and whether {@link PlannedRegion.lookUp} has a provider to ask.
   * @param today like `2026-11-24`
   */
  check(today: string): Promise<Findings & { readonly hasProvider: boolean }>;
  /**
   * Call it only for a region without problems.
   * @param options for the region's Pulumi provider
   */
  lookUp(options?: pulumi.ResourceOptions): Promise<FoundRegion>;
}

export interface FoundRegion {
  readonly plan: RegionPlan;
  readonly problems: readonly Problem[];
  /** The Pulumi provider of the region's resources, if the kind needs a configured one. */
  readonly provider?: pulumi.ProviderResource | undefined;
  /** @throws TypeError if the look-up found problems */
  createHost(secrets: Secrets, options: pulumi.ComponentResourceOptions): Host;
}

/**
 * @param loadPlan imports the planner
 * @param load imports the later steps. Loading a cloud's SDK takes seconds, and commands that only plan do without it.
 */
export function kind<R extends AnyRegion, Plan extends RegionPlan<R>, Found extends object>(
  loadPlan: () => Promise<Planner<R, Plan>>,
  load: () => Promise<KindDefinition<Plan, Found>>,
): Kind<R> {
  return async (request) => {
    const planner = await loadPlan();
    const { plan, ...findings } = planner(request);
    const { name } = request.region;
    return {
      plan,
      findings,
      async check(today) {
        const definition = await load();
        const { problems = [], warnings = [] } = (await definition.preflight?.(plan, today)) ?? {};
        return {
          hasProvider: definition.createProvider !== undefined,
          problems: [...findings.problems, ...problems],
          warnings: [...findings.warnings, ...warnings],
        };
      },
      async lookUp(options = {}) {
        const definition = await load();
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
