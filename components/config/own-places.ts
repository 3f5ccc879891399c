/** Places in an existing cluster and in existing object storage that a cache needs for itself. */
import { fieldOf, valueAt } from "./as-written.ts";
import { type Problem, within } from "./problems.ts";
import { parseWith } from "./schema-problems.ts";
import { workloadNamespace } from "./workload-namespace.ts";

interface OwnPlace {
  /** Path of the entry that names the place, relative to the region. */
  readonly path: string;
  /** Equal for the same place. */
  readonly key: readonly unknown[];
  readonly isInCluster?: true;
}

/**
 * Reports regions that name the same place as an earlier one.
 * @param regions before or after their validation, each with its path
 * @param where of two namespaces that are one
 */
export function sharedPlaces(
  regions: readonly (readonly [at: string, region: unknown])[],
  where = "in the same cluster",
): Problem[] {
  const owners = new Map<string, string>();
  return regions.flatMap(([at, region]) => {
    const problems = ownPlaces(region).flatMap(({ path, key, isInCluster }) => {
      const place = JSON.stringify(key);
      const owner = owners.get(place);
      if (owner === undefined) owners.set(place, at);
      const message = `is that of ${owner}${isInCluster ? `, ${where}` : ""}: each region needs one of its own`;
      return owner === undefined ? [] : [{ path, message }];
    });
    return within(at, problems);
  });
}

function ownPlaces(region: unknown): OwnPlace[] {
  const [context, kubeconfig] = ["context", "kubeconfig"].map((key) => fieldOf(region, key));
  const { data: namespace } = parseWith(workloadNamespace, fieldOf(region, "namespace"));
  const { bucket, endpoint } = Object(valueAt(["storage", "s3"], region));
  const { account, container } = Object(valueAt(["storage", "azure"], region));
  const server = URL.parse(String(endpoint))?.origin;
  return [
    ...(typeof context === "string"
      ? [{ path: "namespace", key: [kubeconfig, context, namespace?.name], isInCluster: true as const }]
      : []),
    ...(typeof bucket === "string" ? [{ path: "storage.s3.bucket", key: ["s3", server, bucket] }] : []),
    ...(typeof container === "string"
      ? [{ path: "storage.azure.container", key: ["azure", account, container] }]
      : []),
  ];
}
