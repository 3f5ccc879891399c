import type { Problem } from "../../config/problems.ts";
import { isAdopting } from "../look-up.ts";
import { ifThere, type Question } from "./cluster-api.ts";
import { workloadName } from "./names.ts";

/** Whether the namespace can be made, or is there, and takes this region's cache. */
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
    "already exists, and isn't this stack's: choose another name, delete it, or use it as it is by `create: false`",
  );
}

/** All objects have the same name, so there is room for one cache. */
async function othersProblems({ region, api, own }: Question): Promise<Problem[]> {
  const { name: namespace } = region.namespace;
  const service = await ifThere(api.core.readNamespacedService({ name: workloadName, namespace }));
  if (!service || service.metadata?.uid === own.service) return [];
  const message = `"${namespace}" has a Service ${workloadName} already, which isn't this stack's: each cache needs a namespace of its own`;
  return [{ path: "namespace", message }];
}
