import { STATUS_CODES } from "node:http";
import { ApiException } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import type { LookedUp } from "../kind.ts";
import { priorityProblems } from "./classes.ts";
import { type ClusterApi, connect, ifThere, type OwnObjects, type Question } from "./cluster-api.ts";
import { firstFamilyProblems, refusedByServer } from "./dry-run.ts";
import { warnOfLabels } from "./labels.ts";
import { certificateProblems, clusterProblems, namespaceProblems, pullSecretProblems } from "./namespace.ts";
import { renderWorkload } from "./objects.ts";
import { allowsPreview, inWords, missingPermissions, permissionsFor } from "./permissions.ts";
import { type FoundCluster, type KubernetesPlan, workloadPlan } from "./plan.ts";
import { proxyProblems } from "./proxies.ts";
import { missingKinds, networkPoliciesOf, userProblems } from "./served-kinds.ts";
import { storageProblems } from "./volumes.ts";

/** The first minor version with `preStop.sleep` and the autoscaler's `ContainerResource` on by default: https://kubernetes.io/releases/ */
const oldestMinor = 30;

/**
 * Asks an existing cluster whether it has everything that a region needs, and what decides how its workload is rendered.
 * @param own uids of the objects that this stack already created for the region
 * @returns problems sorted by path
 */
export async function findInCluster(plan: KubernetesPlan, own: OwnObjects): Promise<LookedUp<FoundCluster>> {
  const { region } = plan;
  const { api, problem } = connect(region);
  if (!api) return { problems: [problem] };
  try {
    const unfit = await versionProblems(api);
    if (unfit.length > 0) return { problems: unfit };
    const found = { networkPolicies: await networkPoliciesOf(api) };
    const workload = workloadPlan(plan, found);
    const { name, create } = region.namespace;
    const namespace = await ifThere(api.core.readNamespace({ name }));
    const isOwn = own.namespace !== undefined && namespace?.metadata?.uid === own.namespace;
    const hasNamespace = Boolean(namespace) && (isOwn || !create);
    const objects = renderWorkload(workload);
    const question: Question = { region, workload, objects, api, namespace, own, hasNamespace };
    const asked = [
      clusterProblems,
      namespaceProblems,
      permissionProblems,
      missingKinds,
      storageProblems,
      certificateProblems,
      pullSecretProblems,
      proxyProblems,
      priorityProblems,
      userProblems,
      firstFamilyProblems,
      refusedByServer,
    ];
    const [answers] = await Promise.all([
      Promise.all(asked.map((ask) => ask(question))),
      warnOfLabels(question),
    ]);
    const problems = answers.flat().sort((one, other) => one.path.localeCompare(other.path));
    return problems.length > 0 ? { problems } : { found, problems };
  } catch (error) {
    // A bug in this program. A network error is a TypeError with a cause.
    if (error instanceof TypeError && error.cause === undefined) throw error;
    return { problems: [{ path: "context", message: `its cluster can't be checked: ${reasonOf(error)}` }] };
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
  // `fetch` hides the reason: its own message is only "fetch failed".
  return cause instanceof Error ? cause.message || String(cause) : message;
}

/** An identity that only previews needs no right to write. Without it, Pulumi compares with the last update instead of asking the API server. */
async function permissionProblems({ region, workload, objects, api }: Question): Promise<Problem[]> {
  const missing = await missingPermissions(api, permissionsFor(workload.region, objects));
  if (missing.length === 0) return [];
  // A stack that creates the namespace needs its rights in the whole cluster.
  const lacked = region.namespace.create ? missing.map(({ namespace: _, ...it }) => it) : missing;
  const told = `its user may not ${inWords(lacked)}`;
  if (!pulumi.runtime.isDryRun() || !allowsPreview(missing))
    return [{ path: "context", message: `${told} (docs/kubernetes.md has a role)` }];
  warn([{ path: "context", message: `${told}, which an update needs` }], region.name);
  return [];
}
