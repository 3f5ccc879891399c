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

/** A cluster that can be asked. Each question takes {@link patienceSeconds} at most. */
export type ClusterApi = ReturnType<typeof clientsOf>;

const patienceSeconds = 10;

/** The cluster of a region's context, as kubectl would find it, or what is wrong with that. Nothing is asked yet. */
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
    // Also for the kinds of Kubernetes's own groups that have a name: `storage.k8s.io`.
    custom: new CustomObjectsApi(configuration),
  };
}

/**
 * What the cluster has; undefined if it isn't there, null if that isn't known: the user may not look, which permissions.ts says, or the cluster knows no such kind, which
 * served-kinds.ts says.
 */
export async function ifThere<Found>(answer: Promise<Found>): Promise<Found | undefined | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    if (error.code === 404) return saysStatus(error) ? undefined : null;
    if (error.code === 403) return null;
    throw error;
  }
}

/** All objects of a kind; null as {@link ifThere} has it. */
export async function allOf<Kind>(
  answer: Promise<{ items: readonly Kind[] }>,
): Promise<readonly Kind[] | null> {
  return (await ifThere(answer))?.items ?? null;
}

/** As a list is asked for objects with all of these labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#list-and-watch-filtering */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

export function namesOf(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap(({ metadata }) => metadata?.name ?? []);
}

/** Of an object that isn't there, the server speaks in its API's words: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function saysStatus({ body }: ApiException<unknown>): boolean {
  return String(body).includes('"details"');
}

/** The uids of what this stack has made for a region, as far as it has. */
export interface OwnObjects {
  readonly namespace?: string | undefined;
  readonly service?: string | undefined;
}

/** A region in which the static checks have found nothing, and the cluster that is asked about it. */
export interface Question {
  readonly region: KubernetesRegion;
  readonly workload: WorkloadPlanArgs;
  /** What the workload is made of. */
  readonly objects: WorkloadObjects;
  readonly api: ClusterApi;
  /** As it is; undefined or null where {@link ifThere} says so. */
  readonly namespace: V1Namespace | undefined | null;
  readonly own: OwnObjects;
  /** Whether it is there for the region: made by this stack, or an existing one that the region is to use. */
  readonly hasNamespace: boolean;
}
