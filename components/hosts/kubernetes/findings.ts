import { STATUS_CODES } from "node:http";
import { ApiException } from "@kubernetes/client-node";
import type { Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import type { LookedUp } from "../kind.ts";
import { type ClusterApi, connect, ifThere } from "./cluster-api.ts";
import { renderWorkload } from "./objects.ts";
import { inWords, missingPermissions, permissionsFor } from "./permissions.ts";
import { type ClusterFindings, type KubernetesPlan, workloadPlan } from "./plan.ts";
import { proxyProblems } from "./proxies.ts";
import type { Question } from "./question.ts";
import { missingKinds, networkPoliciesOf } from "./served-kinds.ts";
import { storageProblems } from "./volumes.ts";

/** `preStop.sleep` and the autoscaler's `ContainerResource` came with it: https://kubernetes.io/releases/ */
const oldestMinor = 30;

/**
 * Asks an existing cluster for all that a region needs to be there, and for what decides how its workload is made.
 * @param ownNamespace the uid of the namespace that this stack has made for it, if it has
 * @returns problems sorted by path.
 */
export async function findingsInCluster(
  plan: KubernetesPlan,
  ownNamespace: string | undefined,
): Promise<LookedUp<ClusterFindings>> {
  const { region } = plan;
  const { api, problem } = connect(region);
  if (!api) return { problems: [problem] };
  try {
    const unfit = await versionProblems(api);
    if (unfit.length > 0) return { problems: unfit };
    const found = { networkPolicies: await networkPoliciesOf(api) };
    const workload = workloadPlan(plan, found);
    const namespace = await ifThere(api.core.readNamespace({ name: region.namespace }));
    const ownsNamespace = ownNamespace !== undefined && namespace?.metadata?.uid === ownNamespace;
    const objects = renderWorkload(workload);
    const question = { region, workload, objects, api, namespace, ownsNamespace };
    const answers = await Promise.all([
      namespaceProblems(question),
      permissionProblems(question),
      missingKinds(question),
      storageProblems(question),
      certificateProblems(question),
      proxyProblems(question),
    ]);
    const problems = answers.flat().sort((one, other) => one.path.localeCompare(other.path));
    return problems.length > 0 ? { problems } : { found, problems };
  } catch (error) {
    // A mistake of this program, and not of the cluster or of what is between.
    if (error instanceof TypeError && error.cause === undefined) throw error;
    return { problems: [{ path: "context", message: `its cluster can't be asked: ${reasonOf(error)}` }] };
  }
}

async function versionProblems({ version }: ClusterApi): Promise<Problem[]> {
  const { major, minor, gitVersion } = await version.getCode();
  if (Number(major) > 1 || Number.parseInt(minor, 10) >= oldestMinor) return [];
  const message = `its cluster has Kubernetes ${gitVersion}, and the cache needs 1.${oldestMinor} or later`;
  return [{ path: "context", message }];
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiException) {
    const { code, body } = error;
    const answer = `the server answers ${code} ${STATUS_CODES[code]}`;
    return body ? `${answer}: ${String(body).slice(0, 200)}` : answer;
  }
  const { cause, message } = error as Error;
  // fetch hides the reason behind "fetch failed".
  return cause instanceof Error ? cause.message || String(cause) : message;
}

async function permissionProblems({ workload, objects, api }: Question): Promise<Problem[]> {
  const missing = await missingPermissions(api, permissionsFor(workload.region, objects));
  if (missing.length === 0) return [];
  const message = `its user may not ${inWords(missing)} (docs/kubernetes.md has a role)`;
  return [{ path: "context", message }];
}

function namespaceProblems({ region, namespace, ownsNamespace }: Question): Problem[] {
  if (!namespace) return [];
  const refused = (message: string) => [{ path: "namespace", message }];
  if (namespace.status?.phase === "Terminating") {
    return refused(`"${region.namespace}" is just being deleted: try again when it is gone`);
  }
  if (ownsNamespace) return [];
  return refused(
    `"${region.namespace}" is there already, and isn't this stack's: choose another name, or remove it`,
  );
}

/** What can be in the namespace only when it is there: until then, the replicas wait for it. */
async function inOwnNamespace(
  { region, ownsNamespace }: Question,
  { path, what, find }: { path: string; what: string; find(): Promise<object | undefined | null> },
): Promise<Problem[]> {
  if (!ownsNamespace) {
    const message = `${what} must be put into the namespace ${region.namespace} as soon as it is there: the replicas wait for it`;
    warn([{ path, message }], region.name);
    return [];
  }
  if ((await find()) !== undefined) return [];
  return [{ path, message: `${what} isn't in the namespace ${region.namespace}` }];
}

async function certificateProblems(question: Question): Promise<Problem[]> {
  const { region, api } = question;
  const { namespace, endpoint } = region;
  const { tls } = endpoint;
  if (tls.mode === "provided") {
    const { secretName: name } = tls;
    const find = () => ifThere(api.core.readNamespacedSecret({ name, namespace }));
    return inOwnNamespace(question, {
      path: "endpoint.tls.secretName",
      what: `the Secret ${name}`,
      find,
    });
  }
  if (tls.mode !== "issuer") return [];
  const path = "endpoint.tls.name";
  const { name, kind } = tls;
  const certManager = { group: "cert-manager.io", version: "v1", name };
  if (kind === "Issuer") {
    const find = () =>
      ifThere(api.custom.getNamespacedCustomObject({ ...certManager, namespace, plural: "issuers" }));
    return inOwnNamespace(question, { path, what: `the Issuer ${name}`, find });
  }
  const found = await ifThere(
    api.custom.getClusterCustomObject({ ...certManager, plural: "clusterissuers" }),
  );
  return found === undefined ? [{ path, message: `the cluster has no ClusterIssuer ${name}` }] : [];
}
