/** A stack with regions in an existing cluster: a real control plane, and Pulumi's real provider. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  CoreV1Api,
  type KubernetesObject,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1CustomResourceDefinition,
} from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import type { KubernetesRegion } from "../../components/config/schema.ts";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { type Permission, permissionsFor } from "../../components/hosts/kubernetes/permissions.ts";
import { planKubernetes, workloadPlan } from "../../components/hosts/kubernetes/plan.ts";
import { ensureKubernetesProvider } from "../setup/kubernetes-provider.ts";
import { type ControlPlane, type ControlPlaneOptions, nobody, startControlPlane } from "./control-plane.ts";
import { applyCrds } from "./control-plane-crds.ts";
import { assignLoadBalancers } from "./control-plane-load-balancers.ts";
import { newStack, type Project, projectDirectory } from "./project.ts";
import { tempDir } from "./scope.ts";

type Keys = Readonly<Record<string, unknown>>;

export interface KubernetesStack extends Project, AsyncDisposable {
  readonly plane: ControlPlane;
}

export const loadBalancerAddress = "203.0.113.10";

/**
 * @param keys of the stack, whose user is {@link nobody}
 * @param existing the control plane. @default one with simulated nodes
 * @param options of the default control plane
 */
export async function kubernetesStack(
  keys: Keys,
  existing?: ControlPlane,
  options: ControlPlaneOptions = {},
): Promise<KubernetesStack> {
  await using parts = new AsyncDisposableStack();
  const plane = existing ?? parts.use(await startControlPlane(options));
  parts.use(await assignLoadBalancers(plane, { ip: loadBalancerAddress }));
  if (!existing) await giveNodesDisks(plane);
  const project = await newStack({
    stack: "kubernetes",
    directory: parts.use(await tempDir()).path,
    keys,
    environment: {
      ...(await ensureKubernetesProvider()),
      KUBECONFIG: plane.kubeconfigWithoutRights,
      // The same setting as in provider.ts, for a provider that is too old to have it.
      PULUMI_K8S_ENABLE_PATCH_FORCE: "true",
    },
  });
  const all = parts.move();
  return { ...project, plane, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Gives disk sizes to kwok's nodes, which have none. */
async function giveNodesDisks({ config }: ControlPlane): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const disk = { "ephemeral-storage": "1Ti" };
  const { items } = await core.listNode();
  const body = { status: { capacity: disk, allocatable: disk } };
  const names = items.map(({ metadata }) => metadata?.name ?? "");
  await Promise.all(names.map((name) => core.patchNodeStatus({ name, body }, options)));
}

/** Installs the kinds of the Prometheus Operator, cert-manager, the Gateway API and a metrics server, an issuer and a Gateway. */
export async function furnish(plane: ControlPlane): Promise<void> {
  await applyCrds(plane, "gateway-api", "cert-manager", "prometheus-operator");
  const objects: KubernetesObject[] = [
    metricsKind("metrics.k8s.io", "podmetrics"),
    metricsKind("custom.metrics.k8s.io", "metricvalues"),
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: "authority" },
      spec: { selfSigned: {} },
    } as KubernetesObject,
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "edge", namespace: "default" },
      spec: {
        gatewayClassName: "any",
        listeners: [
          {
            name: "https",
            port: 443,
            protocol: "HTTPS",
            tls: { certificateRefs: [{ name: "edge" }] },
            allowedRoutes: { namespaces: { from: "All" } },
          },
        ],
      },
    } as KubernetesObject,
  ];
  for (const object of objects) await plane.objects.create(object);
}

/** A kind without a server behind it, in place of the metrics API. */
function metricsKind(group: string, plural: string): V1CustomResourceDefinition {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    // https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#create-a-customresourcedefinition
    metadata: {
      name: `${plural}.${group}`,
      annotations: { "api-approved.kubernetes.io": "unapproved, for a test" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind: `Kind${plural}` },
      versions: [
        { name: "v1beta1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  };
}

/** Allows {@link nobody} exactly what the stack's regions need. */
export async function allow({ config }: ControlPlane, keys: Keys): Promise<void> {
  const { regions, ...shared } = parseConfig({ ...keys });
  const permissions = regions.flatMap((region) => {
    const { plan } = planKubernetes({ ...shared, region: region as KubernetesRegion, stack: "test" });
    const workload = workloadPlan(plan, { networkPolicies: "kubernetes" });
    return permissionsFor(workload.region, renderWorkload(workload));
  });
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: "registry-cache" };
  const rules = permissions.map(({ group, resource, verbs }: Permission) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [...verbs],
  }));
  await rbac.createClusterRole({ body: { metadata, rules } });
  await rbac.createClusterRoleBinding({
    body: {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: nobody }],
    },
  });
}

/**
 * Applies roles from the documentation, bound to {@link nobody}.
 * @param file in the project, or an absolute path
 * @returns removes them
 */
export async function allowByRole({ objects }: ControlPlane, file: string): Promise<AsyncDisposable> {
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: nobody }];
  const documents = parseAllDocuments(await readFile(resolve(projectDirectory, file), "utf8"));
  const roles = documents.map((document) => document.toJS() as KubernetesObject);
  for (const role of roles) await objects.create("subjects" in role ? { ...role, subjects } : role);
  return {
    async [Symbol.asyncDispose]() {
      for (const role of roles) await objects.delete(role);
    },
  };
}
