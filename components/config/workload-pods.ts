/** Settings of a region's Pods in an existing cluster. */
import { z } from "zod";
import { annotations, metadataKey, objectName, ownLabels } from "./metadata.ts";
import { cpuMillisOf, cpuQuantity, memoryMiBOf, memoryQuantity } from "./quantity.ts";

/** The containers of a Pod by role. `origin` stands for the containers of all upstreams: one each, two each with a bucket. */
export const podParts = [
  "edge",
  "origin",
  "exporter",
  "prometheus",
  "blackbox",
  "janitor",
  "prefetch",
] as const;

export type PodPart = (typeof podParts)[number];

const amounts = z.strictObject({ cpu: cpuQuantity.exactOptional(), memory: memoryQuantity.exactOptional() });

/** https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
const containerResources = z
  .strictObject({ requests: amounts.default({}), limits: amounts.default({}) })
  .superRefine(({ requests, limits }, context) => {
    for (const [key, size] of [
      ["cpu", cpuMillisOf],
      ["memory", memoryMiBOf],
    ] as const) {
      const [request, limit] = [requests[key], limits[key]];
      if (request === undefined || limit === undefined || size(request) <= size(limit)) continue;
      context.addIssue({
        code: "custom",
        path: ["requests", key],
        message: `${request} is more than the limit, ${limit}`,
      });
    }
  });

/** The configured requests and limits of one container. */
export type ContainerResources = z.output<typeof containerResources>;

export const pods = z
  .strictObject({
    labels: ownLabels.default({}).describe("Further labels of the Pods."),
    annotations: annotations.default({}).describe("Annotations of the Pods."),
    imagePullSecrets: z
      .array(z.strictObject({ name: objectName.describe("Name of a Secret in the namespace.") }))
      .default([])
      .describe("Secrets by which nodes log in to the registries of `images`, as in a Pod."),
    runAsUser: z
      .literal("cluster")
      .exactOptional()
      .describe(
        "`cluster`: OpenShift gives the Pods a user and group of the namespace's range. Default: user and group 10001.",
      ),
    readinessGates: z
      .array(
        z.strictObject({
          conditionType: metadataKey.describe("A condition of the Pods that something in the cluster sets."),
        }),
      )
      .default([])
      .describe(
        "Additional conditions for a Pod to be ready, as in a Pod. A gate that nothing sets keeps every Pod unready.",
      ),
    resources: z
      .partialRecord(z.enum(podParts), containerResources)
      .default({})
      .describe(
        `By the container (${podParts.map((it) => `\`${it}\``).join(", ")}), \`requests\` and \`limits\` of \`cpu\` and \`memory\`, as in a Pod: docs/kubernetes.md. Default: from the workload.`,
      ),
  })
  .prefault({})
  .describe("The Pods of the cache.");
