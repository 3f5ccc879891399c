import type { Problem } from "../../config/problems.ts";
import { ifThere } from "./cluster-api.ts";
import { configuredFamilies } from "./families.ts";
import { workloadName } from "./names.ts";
import type { Question } from "./question.ts";

/** A Service keeps its first family for as long as it is there: https://kubernetes.io/docs/concepts/services-networking/dual-stack/#switching-services-between-single-stack-and-dual-stack */
export async function firstFamilyProblems({ region, api, own, hasNamespace }: Question): Promise<Problem[]> {
  const { families, path } = configuredFamilies(region.expose);
  const [wanted] = families.ipFamilies ?? [];
  if (wanted === undefined || own.service === undefined || !hasNamespace) return [];
  const { name: namespace } = region.namespace;
  const found = await ifThere(api.core.readNamespacedService({ name: workloadName, namespace }));
  const [first] = found?.spec?.ipFamilies ?? [];
  if (first === undefined || first === wanted) return [];
  const message = `begins with ${wanted}, and the Service has ${first} first, which Kubernetes can't change: write ${first} first, or delete the Service (docs/kubernetes.md#both-ip-families)`;
  return [{ path: `${path}.ipFamilies`, message }];
}
