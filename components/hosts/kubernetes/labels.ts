import type { Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import { allOf, type Question, selectorText } from "./cluster-api.ts";
import { podsOf, type Source } from "./workload-args.ts";

/** Warns about labels that nothing in the cluster has, if the user may list the objects. It isn't a problem, because matching objects can appear later. */
export async function warnOfLabels(question: Question): Promise<void> {
  const { region } = question;
  const { access, expose } = region;
  const warnings = await Promise.all([
    nodeWarnings(question),
    sourceWarnings(question, "access.metrics", access.metrics),
    "proxies" in expose ? sourceWarnings(question, "expose.proxies", expose.proxies) : [],
  ]);
  warn(warnings.flat(), region.name);
}

/** In a cluster with thousands of nodes, the first ones are enough. */
const mostNodes = 500;

async function nodeWarnings({ objects, workload, api }: Question): Promise<Problem[]> {
  const { nodeSelector = {} } = objects.workload.spec.template.spec ?? {};
  const nodes = await allOf(
    api.core.listNode({ labelSelector: selectorText(nodeSelector), limit: mostNodes }),
  );
  if (nodes === null) return [];
  if (nodes.length === 0) {
    const message = `no node has ${selectorText(nodeSelector)}: the replicas wait until one has`;
    return [{ path: "scheduling.nodeSelector", message }];
  }
  const { storage } = workload.region;
  if (storage.kind === "disk" || storage.scratchClass !== undefined) return [];
  const { diskGiB } = workload.replica;
  const mostGiB = Math.max(
    ...nodes.map(({ status }) => diskGiBOf(status?.allocatable?.["ephemeral-storage"])),
  );
  if (diskGiB <= mostGiB) return [];
  const message = `each replica needs ${diskGiB}GiB of its node's disk, and no node has more than ${Math.floor(mostGiB)}GiB for Pods: name a StorageClass for it (\`scratch: { size, class }\`)`;
  return [{ path: "storage.scratch", message }];
}

/** Kubelet writes bytes or Ki. A quantity in another unit was written by a person, and counts as enough. */
function diskGiBOf(quantity = ""): number {
  const [, digits, unit] = /^(\d+)(Ki)?$/.exec(quantity) ?? [];
  return digits === undefined ? Number.POSITIVE_INFINITY : (Number(digits) * (unit ? 1024 : 1)) / 1024 ** 3;
}

async function sourceWarnings(
  question: Question,
  path: string,
  sources: readonly Source[],
): Promise<Problem[]> {
  const { core } = question.api;
  const warnings = podsOf(sources).map(async ({ namespaceLabels = {}, podLabels = {} }) => {
    const what = (await lacks(namespaceLabels, (request) => core.listNamespace(request)))
      ? `no namespace has ${selectorText(namespaceLabels)}`
      : (await lacks(podLabels, (request) => core.listPodForAllNamespaces(request))) &&
        `no Pod has ${selectorText(podLabels)}`;
    return what ? [{ path, message: `${what}, so the network admits nobody for this entry yet` }] : [];
  });
  return (await Promise.all(warnings)).flat();
}

async function lacks(
  labels: Readonly<Record<string, string>>,
  list: (request: { labelSelector: string; limit: number }) => Promise<{ items: readonly object[] }>,
): Promise<boolean> {
  if (Object.keys(labels).length === 0) return false;
  return (await allOf(list({ labelSelector: selectorText(labels), limit: 1 })))?.length === 0;
}
