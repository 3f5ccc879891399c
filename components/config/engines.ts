/** Checks which regions support an engine other than distribution. */
import { entriesOf, fieldOf, valueAt } from "./as-written.ts";
import type { Problem } from "./problems.ts";

type Raw = Readonly<Record<string, unknown>>;

/** ADR 24 has the reasons. The configuration isn't validated yet, so every part can have any type. */
export function engineProblems(raw: Raw): Problem[] {
  const upstreams = entriesOf(raw.upstreams);
  return upstreams.flatMap((entry, index) => {
    if (fieldOf(entry, "engine") !== "zot") return [];
    const path = `upstreams[${index}].engine`;
    const reasons = new Set(entriesOf(raw.regions).flatMap((region, at) => regionProblem(raw, region, at)));
    return [...reasons].map((reason) => ({
      path,
      message: `can't be zot: ${reason}, or leave \`engine\` out`,
    }));
  });
}

/** Each zot stores manifests and blobs on its own disk. So it can't serve the blobs of a manifest that another replica's zot fetched. */
function regionProblem(raw: Raw, region: unknown, index: number): string[] {
  if (raw.provider === "kubernetes" || fieldOf(region, "topology") === "cluster") {
    return [
      `regions[${index}] is a cluster, whose replicas don't share what zot has: use a region with one machine`,
    ];
  }
  return valueAt(["storage", "kind"], region) === "bucket"
    ? [
        `regions[${index}] keeps its blobs in a bucket, which zot can't share with the edge: write \`storage: { kind: disk }\``,
      ]
    : [];
}
