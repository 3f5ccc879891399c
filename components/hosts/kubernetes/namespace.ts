import { type Problem, problemIf } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import { isAdopting } from "../look-up.ts";
import { ifThere, type Question } from "./cluster-api.ts";
import { workloadName } from "./names.ts";

/**
 * Checks whether the context leads to the cluster of the last update. Only warns of another cluster, because the user may have chosen it, or the objects may have been deleted.
 * Refuses another name of the same cluster, because it would replace all objects by new ones with the same names.
 */
export async function clusterProblems(question: Question): Promise<Problem[]> {
  const { region, own } = question;
  const { context, namespace } = region;
  const uid = own.namespace ?? own.service;
  if (uid === undefined) return [];
  const isNamespace = own.namespace !== undefined;
  const found = isNamespace ? question.namespace : await serviceOf(question);
  if (found === null) return [];
  if (found?.metadata?.uid !== uid) {
    const [kind, name] = isNamespace ? ["namespace", namespace.name] : ["Service", workloadName];
    const message = `"${context}" leads to a cluster without the ${kind} ${name} of the last update. If you have chosen another cluster, check that the preview replaces the ${kind}. Otherwise, correct the kubeconfig, or, if the ${kind} was deleted, run \`pulumi up --refresh\` (docs/kubernetes.md#another-cluster)`;
    warn([{ path: "context", message }], region.name);
    return [];
  }
  const isRenamed = region.kubeconfig === undefined && own.context !== undefined && own.context !== context;
  return problemIf(
    isRenamed,
    "context",
    `"${context}" leads to the cluster that the stack knows as "${own.context}": keep that name, because another one replaces all objects (docs/kubernetes.md#another-cluster)`,
  );
}

/** Checks that the namespace can be created, or that it exists and is free for this region's cache. */
export async function namespaceProblems(question: Question): Promise<Problem[]> {
  const { region, namespace, own } = question;
  const { name, create } = region.namespace;
  const refused = (message: string) => [{ path: "namespace", message: `"${name}" ${message}` }];
  if (namespace === null) return [];
  if (!namespace) {
    return create
      ? []
      : refused("doesn't exist: create it first, or let the stack create it by `create: true`");
  }
  if (namespace.status?.phase === "Terminating") {
    return refused("is just being deleted: try again when it is gone");
  }
  const isOwn = own.namespace !== undefined && namespace.metadata?.uid === own.namespace;
  if (!create) {
    return isOwn
      ? refused(
          "is this stack's own, and `create: false` would delete it with all that is in it: leave it out",
        )
      : othersProblems(question);
  }
  if (isOwn || isAdopting) return [];
  return refused(
    "already exists, and isn't this region's: choose another name, delete it, or use it as it is by `create: false`",
  );
}

/** A namespace has room for one cache, because the objects of all caches have the same names. */
async function othersProblems(question: Question): Promise<Problem[]> {
  const { region, own } = question;
  const { name: namespace } = region.namespace;
  const service = await serviceOf(question);
  if (!service || service.metadata?.uid === own.service) return [];
  const message = `"${namespace}" has a Service ${workloadName} already, which isn't this region's: each cache needs a namespace of its own`;
  return [{ path: "namespace", message }];
}

function serviceOf({ region, api }: Question) {
  return ifThere(api.core.readNamespacedService({ name: workloadName, namespace: region.namespace.name }));
}

/**
 * Checks for an object that others create in the namespace and that the replicas need. If the namespace doesn't exist yet, only warns: the replicas wait for the object.
 * @param path of the setting that names the object
 * @param what as users would write it: `the Secret wildcard`
 */
async function providedProblems(
  { region, hasNamespace }: Question,
  path: string,
  what: string,
  find: () => Promise<object>,
): Promise<Problem[]> {
  const { name, create } = region.namespace;
  if (hasNamespace) {
    const found = await ifThere(find());
    return found === undefined ? [{ path, message: `${what} isn't in the namespace ${name}` }] : [];
  }
  const message = `${what} must be put into the namespace ${name} as soon as that exists: the replicas wait for it`;
  if (create) warn([{ path, message }], region.name);
  return [];
}

function secretProblems(question: Question, path: string, name: string): Promise<Problem[]> {
  const { region, api } = question;
  const request = { name, namespace: region.namespace.name };
  return providedProblems(question, path, `the Secret ${name}`, () => api.core.readNamespacedSecret(request));
}

/** Checks the Secrets with which nodes pull the images. */
export async function pullSecretProblems(question: Question): Promise<Problem[]> {
  const problems = question.region.pods.imagePullSecrets.map(({ name }, index) =>
    secretProblems(question, `pods.imagePullSecrets[${index}].name`, name),
  );
  return (await Promise.all(problems)).flat();
}

/** Checks the certificate's Secret, or its issuer if that is one of cert-manager's own. */
export async function certificateProblems(question: Question): Promise<Problem[]> {
  const { region, api } = question;
  const { name: namespace } = region.namespace;
  const { tls } = region.endpoint;
  if (tls.mode === "provided") return secretProblems(question, "endpoint.tls.secretName", tls.secretName);
  // The resources of an external issuer's kind aren't known.
  if (tls.mode !== "issuer" || tls.group !== undefined) return [];
  const path = "endpoint.tls.name";
  const { name, kind } = tls;
  const certManager = { group: "cert-manager.io", version: "v1", name };
  if (kind === "Issuer") {
    const issuer = { ...certManager, namespace, plural: "issuers" };
    return providedProblems(question, path, `the Issuer ${name}`, () =>
      api.custom.getNamespacedCustomObject(issuer),
    );
  }
  const found = await ifThere(
    api.custom.getClusterCustomObject({ ...certManager, plural: "clusterissuers" }),
  );
  return found === undefined ? [{ path, message: `the cluster has no ClusterIssuer ${name}` }] : [];
}
