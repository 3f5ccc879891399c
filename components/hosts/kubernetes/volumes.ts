import type { V1PersistentVolumeClaim, V1StorageClass } from "@kubernetes/client-node";
import { hint, itHas, type Problem } from "../../config/problems.ts";
import { allOf, ifThere, namesOf, type Question, selectorText } from "./cluster-api.ts";
import { selectorLabels } from "./names.ts";

/** Each makes a class the default: https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass */
const defaultAnnotations = ["storageclass", "storageclass.beta"].map(
  (it) => `${it}.kubernetes.io/is-default-class`,
);

const classes = { group: "storage.k8s.io", version: "v1", plural: "storageclasses" } as const;

/** Checks that the volumes can be created, and that existing volumes can change to the configuration. */
export async function storageProblems(question: Question): Promise<Problem[]> {
  const { region, api } = question;
  const { storage } = region;
  if (storage.kind === "bucket" && storage.scratchClass === undefined) return [];
  const [path, name] =
    storage.kind === "bucket"
      ? ["storage.scratch.class", storage.scratchClass]
      : ["storage.class", storage.class];
  const known: readonly V1StorageClass[] | null = await allOf(api.custom.listClusterCustomObject(classes));
  if (known === null) return [];
  const found = name === undefined ? defaultOf(known) : known.find(({ metadata }) => metadata?.name === name);
  if (found) return storage.kind === "disk" ? claimProblems(question, found) : [];
  const names = namesOf(known);
  const message =
    name === undefined
      ? `is missing: the cluster has no default StorageClass; ${itHas(names)}`
      : `the cluster has no StorageClass "${name}": ${hint(name, names)}`;
  return [{ path, message }];
}

/** The newest default class, or the first by name, as Kubernetes chooses it: https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/storageclass.go (GetDefaultClass) */
function defaultOf(sortedByName: readonly V1StorageClass[]): V1StorageClass | undefined {
  const createdAt = ({ metadata }: V1StorageClass) => Number(new Date(metadata?.creationTimestamp ?? 0));
  const [newest] = sortedByName
    .filter(({ metadata }) => defaultAnnotations.some((mark) => metadata?.annotations?.[mark] === "true"))
    .toSorted((one, other) => createdAt(other) - createdAt(one));
  return newest;
}

/** Changes that existing volumes don't support. */
async function claimProblems(question: Question, storageClass: V1StorageClass): Promise<Problem[]> {
  const { region, workload, api, hasNamespace } = question;
  if (!hasNamespace) return [];
  const { name: namespace } = region.namespace;
  const labelSelector = selectorText(selectorLabels(region.name));
  const claims = await ifThere(api.core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector }));
  if (!claims || claims.items.length === 0) return [];
  const { diskGiB } = workload.replica;
  return [...classProblems(claims.items, storageClass), ...sizeProblems(claims.items, storageClass, diskGiB)];
}

function classProblems(claims: readonly V1PersistentVolumeClaim[], { metadata }: V1StorageClass): Problem[] {
  const others = new Set(claims.map(({ spec }) => spec?.storageClassName));
  others.delete(metadata?.name);
  return [...others].map((name) => ({
    path: "storage.class",
    message: `the volumes have the StorageClass ${name}, which can't change: set it, or remove the region first`,
  }));
}

/** A volume can grow if its class allows that, and can never shrink: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims */
function sizeProblems(
  claims: readonly V1PersistentVolumeClaim[],
  { allowVolumeExpansion }: V1StorageClass,
  diskGiB: number,
): Problem[] {
  const hasGiB = Math.max(...claims.map(sizeGiB));
  const refused = (message: string) => [{ path: "storage.size", message }];
  if (diskGiB < hasGiB) {
    return refused(`the volumes have ${hasGiB}GiB and can't shrink to ${diskGiB}GiB: set ${hasGiB}GiB`);
  }
  if (diskGiB > hasGiB && !allowVolumeExpansion) {
    return refused(
      `the volumes have ${hasGiB}GiB, and their StorageClass doesn't let them grow to ${diskGiB}GiB: set ${hasGiB}GiB`,
    );
  }
  return [];
}

/** The stack writes sizes in whole GiB. */
function sizeGiB({ spec }: V1PersistentVolumeClaim): number {
  return Number.parseInt(spec?.resources?.requests?.storage ?? "0", 10);
}
