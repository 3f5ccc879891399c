import type { ClientConfiguration } from "../../components/clients/clients.ts";
import type { Problem } from "../../components/config/problems.ts";
import type { KubernetesRegion, StackConfig } from "../../components/config/schema.ts";
import {
  type Manifest,
  type ManifestOptions,
  manifestProblems,
  manifests,
} from "../../components/hosts/kubernetes/manifests.ts";
import { type KubernetesPlan, planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import {
  type SecretReference,
  secretReferences,
} from "../../components/hosts/kubernetes/secret-references.ts";
import { trustedAuthority } from "../../components/hosts/trusted-authority.ts";
import type { CentralMonitoring } from "../../components/monitoring/central.ts";
import { clientsOf, monitoringOf } from "../../components/region-outputs.ts";

/** A region's objects in its cluster. */
export interface RenderedRegion {
  readonly region: Pick<KubernetesRegion, "name" | "namespace" | "endpoint" | "pods">;
  /** By name: `deployment`, `configmap-edge`. */
  readonly objects: Readonly<Record<string, Manifest>>;
  readonly secrets: readonly SecretReference[];
  /** The stack outputs that a region has without an update. */
  readonly outputs: {
    readonly clients: ClientConfiguration;
    readonly monitoring: CentralMonitoring;
  };
}

/**
 * Renders the regions of a stack. Problems that `up` would find must be checked before.
 * @returns no regions if there are problems
 */
export function renderStack(
  { regions, ...shared }: StackConfig,
  stack: string,
  options: ManifestOptions,
): { regions: RenderedRegion[]; problems: Problem[] } {
  const planned = regions.map((region, index) => {
    const at = `regions[${index}]`;
    if (region.kind !== "kubernetes") {
      const message = `${region.name} is a region of \`provider: ${shared.provider}\`, which is more than objects of a cluster: only regions of \`provider: kubernetes\` can be rendered`;
      return { problems: [{ path: at, message }] };
    }
    const { plan } = planKubernetes({ ...shared, region, stack });
    return { plan, problems: manifestProblems(plan).map((it) => ({ ...it, path: `${at}.${it.path}` })) };
  });
  const problems = planned.flatMap(({ problems }) => problems);
  if (problems.length > 0) return { regions: [], problems };
  const plans = planned.flatMap(({ plan }) => plan ?? []);
  return { regions: plans.map((plan) => rendered(plan, options)), problems };
}

export function rendered(plan: KubernetesPlan, options: ManifestOptions): RenderedRegion {
  const { region } = plan;
  const ca = trustedAuthority(region.endpoint);
  return {
    region,
    objects: manifests(plan, options),
    secrets: secretReferences(plan),
    outputs: { clients: clientsOf(plan, ca), monitoring: monitoringOf(plan, ca) },
  };
}

/** The outputs as `pulumi stack output --json` prints them. */
export function stackOutputs(regions: readonly RenderedRegion[]): object {
  const by = (output: keyof RenderedRegion["outputs"]) =>
    Object.fromEntries(regions.map(({ region, outputs }) => [region.name, outputs[output]]));
  return { clients: by("clients"), monitoring: by("monitoring") };
}

/**
 * The Secrets that the user must create in a region's namespace, with their keys: lines for a terminal.
 * @param byStore whether external-secrets creates the Secrets with credentials
 */
export function secretsToMake({ region, secrets }: RenderedRegion, byStore: boolean): string[] {
  const { tls } = region.endpoint;
  const provided = tls.mode === "provided" ? [`${tls.secretName}: tls.crt, tls.key`] : [];
  const ofImages = region.pods.imagePullSecrets.map(({ name }) => `${name}: .dockerconfigjson`);
  const ofCredentials = secrets.map(
    ({ name, credentials, templates }) =>
      `${name}: ${Object.keys(templates).join(", ")}, of \`${credentials}\``,
  );
  const all = [...provided, ...ofImages, ...(byStore ? [] : ofCredentials)];
  if (all.length === 0) return [];
  return [
    `${region.name} needs these Secrets in the namespace ${region.namespace.name}:`,
    ...all.map((line) => `  ${line}`),
  ];
}
