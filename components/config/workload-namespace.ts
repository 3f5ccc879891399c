import { z } from "zod";
import { annotations, ownLabels } from "./metadata.ts";
import { matching, on } from "./text.ts";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const name = matching(dnsLabel, "the name of a namespace: lower-case letters, digits and hyphens");

const mapping = z
  .strictObject({
    name: name.describe("Name of the namespace."),
    create: on.describe(
      "Whether the stack creates the namespace, and deletes it with everything in it. `false`: it exists already, and stays.",
    ),
    labels: ownLabels.default({}).describe("Further labels of a namespace that the stack makes."),
    annotations: annotations.default({}).describe("Annotations of a namespace that the stack makes."),
  })
  .superRefine(({ create, ...given }, context) => {
    if (create) return;
    for (const key of (["labels", "annotations"] as const).filter(
      (it) => Object.keys(given[it]).length > 0,
    )) {
      const message =
        "goes with `create: true` only: the stack changes nothing of a namespace that isn't its own";
      context.addIssue({ code: "custom", path: [key], message });
    }
  });

/** The namespace of a workload in an existing cluster: its name, or a mapping with further settings. */
export const workloadNamespace = z
  .union([name, mapping], {
    error: "must be the name of a namespace, or a mapping like { name: caches, create: false }",
  })
  .transform((given) =>
    typeof given === "string" ? { name: given, create: true, labels: {}, annotations: {} } : given,
  )
  .prefault("registry-cache")
  .describe("Namespace of the cache's objects: its name, or a mapping.");
