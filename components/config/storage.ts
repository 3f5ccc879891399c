import { z } from "zod";
import { matching } from "./text.ts";

const gibibytesPerUnit = { GiB: 1, TiB: 1024 } as const;

/** `20GiB` or `1.5TiB`, parsed to whole GiB; or `auto`. */
function diskSize(largestGiB: number | undefined) {
  return matching(
    /^(?:auto|\d+(?:\.\d+)?(?:GiB|TiB))$/,
    "a size: write it like 200GiB or 1.5TiB, or auto",
  ).transform((text, context): number | "auto" => {
    if (text === "auto") return text;
    const gibibytes = Number.parseFloat(text) * gibibytesPerUnit[text.endsWith("TiB") ? "TiB" : "GiB"];
    const problem = sizeProblem(gibibytes, largestGiB);
    if (problem) {
      context.addIssue({ code: "custom", message: `"${text}" ${problem}` });
      return z.NEVER;
    }
    return gibibytes;
  });
}

function sizeProblem(gibibytes: number, largestGiB = Number.POSITIVE_INFINITY): string | undefined {
  if (gibibytes < 1) return "is too small: at least 1GiB";
  if (!Number.isInteger(gibibytes)) return "is not a whole number of GiB";
  if (gibibytes > largestGiB) return `is more than one disk can have: at most ${largestGiB}GiB`;
  return undefined;
}

const kindMeaning = "Where blobs are kept: on a disk of the cache, or in the cloud's object storage.";

/**
 * A disk that belongs to the cache alone.
 * @param largestGiB the cloud's limit for one disk.
 */
export function disk({ largestGiB }: { largestGiB?: number } = {}) {
  return z
    .strictObject({
      kind: z
        .literal("disk", { error: "must be `disk` here: a bucket comes with the providers aws and azure" })
        .describe(kindMeaning),
      size: diskSize(largestGiB)
        .prefault("auto")
        .describe("Size of the disk, in `GiB` or `TiB`. `auto`: from the workload, or what the machine has."),
    })
    .transform(({ kind, size }) => ({ kind, sizeGiB: size }));
}

/** An S3 bucket or an Azure Blob container of this region, made by the stack. */
export const bucket = z.strictObject({
  kind: z
    .literal("bucket", { error: "must be `bucket` here: the replicas of a cluster share one store" })
    .describe(kindMeaning),
  delivery: z
    .enum(["proxied", "redirect"])
    .default("proxied")
    .describe(
      "`proxied`: blobs pass through the cache. `redirect`: clients are sent to the bucket, which they must be able to reach; " +
        "no transfer cost within a region.",
    ),
});

/**
 * The most that one gp3 volume or Premium SSD v2 disk holds, in GiB:
 * https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
 * https://learn.microsoft.com/azure/virtual-machines/disks-types
 */
const largestCloudDiskGiB = 65536;

export const cloudStorage = z.discriminatedUnion("kind", [disk({ largestGiB: largestCloudDiskGiB }), bucket]);
