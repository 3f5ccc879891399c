import {
  ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  KubeConfig,
  type KubernetesObject,
  ServerConfiguration,
  type V1Namespace,
  VersionApi,
} from "@kubernetes/client-node";
import { hint } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { WorkloadPlanArgs } from "./workload-args.ts";

/** Clients for a cluster's API. Each request fails after {@link patienceSeconds}. */
export type ClusterApi = ReturnType<typeof clientsOf>;

const patienceSeconds = 10;

/** Finds the cluster of a region's context, as kubectl would, or returns what is wrong with the kubeconfig. Sends no request. */
export function connect({ context, kubeconfig }: Pick<KubernetesRegion, "context" | "kubeconfig">) {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const message = `can't be read: ${(error as Error).message}`;
    return { problem: { path: kubeconfig === undefined ? "context" : "kubeconfig", message } };
  }
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    const message = `the kubeconfig has no context "${context}": ${hint(context, known)}`;
    return { problem: { path: "context", message } };
  }
  config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    return { problem: { path: "context", message: `the kubeconfig has no cluster for "${context}"` } };
  }
  return { api: clientsOf(config, server) };
}

function clientsOf(config: KubeConfig, server: string) {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        pre: async (request) => {
          request.setSignal(AbortSignal.timeout(patienceSeconds * 1000));
          return request;
        },
        post: async (response) => response,
      },
    ],
  });
  return {
    version: new VersionApi(configuration),
    authorization: new AuthorizationV1Api(configuration),
    core: new CoreV1Api(configuration),
    // Also reads Kubernetes's own groups that have a name, such as `storage.k8s.io`.
    custom: new CustomObjectsApi(configuration),
  };
}

/**
 * Reads an object. Returns undefined if it doesn't exist. Returns null if that is unknown: the user may not read it (permissions.ts reports that), or the cluster doesn't serve the
 * kind (served-kinds.ts reports that).
 */
export async function ifThere<Found>(answer: Promise<Found>): Promise<Found | undefined | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    // For a missing object, the server answers with a Status that has details. For an unknown kind, it doesn't: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    if (error.code === 404) return String(error.body).includes('"details"') ? undefined : null;
    if (error.code === 403) return null;
    throw error;
  }
}

/** Lists all objects of a kind. Returns null as {@link ifThere} does. */
export async function allOf<Kind>(
  answer: Promise<{ items: readonly Kind[] }>,
): Promise<readonly Kind[] | null> {
  return (await ifThere(answer))?.items ?? null;
}

/** A label selector that matches objects with all of these labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#list-and-watch-filtering */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

export function namesOf(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap(({ metadata }) => metadata?.name ?? []);
}

/** What this stack's last update left for a region: the uids of its objects, if the region's namespace is still the same. */
export interface OwnObjects {
  readonly namespace?: string | undefined;
  readonly service?: string | undefined;
  /** The context that identifies the cluster: provider.ts. */
  readonly context?: string | undefined;
}

/** A region that passed the static checks, and the cluster to ask about it. */
export interface Question {
  readonly region: KubernetesRegion;
  readonly workload: WorkloadPlanArgs;
  /** The objects of the workload. */
  readonly objects: WorkloadObjects;
  readonly api: ClusterApi;
  /** The existing namespace. Undefined or null as in {@link ifThere}. */
  readonly namespace: V1Namespace | undefined | null;
  readonly own: OwnObjects;
  /** Whether the region can already use the namespace: this stack created it, or the region uses an existing one. */
  readonly hasNamespace: boolean;
}
