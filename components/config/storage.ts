import { z } from "zod";
import { fieldOf } from "./as-written.ts";
import { isInternal, matching, off, secretKey, serverUrl, wholeNumber } from "./text.ts";

const gibibytesPerUnit = { GiB: 1, TiB: 1024 } as const;

const sizeForm = /^(?:auto|\d+(?:\.\d+)?(?:GiB|TiB))$/;

/** A size such as `20GiB` or `1.5TiB`, which must be a whole number of GiB, or `auto`. */
function sizeText(largestGiB?: number) {
  return matching(sizeForm, "a size: write it like 200GiB or 1.5TiB, or auto").superRefine(
    (text, context) => {
      const sizeGiB = gibibytesOf(text);
      const problem =
        sizeGiB === "auto" || !sizeForm.test(text) ? undefined : sizeProblem(sizeGiB, largestGiB);
      if (problem) context.addIssue({ code: "custom", message: `"${text}" ${problem}` });
    },
  );
}

function gibibytesOf(text: string): number | "auto" {
  if (text === "auto") return text;
  return Number.parseFloat(text) * gibibytesPerUnit[text.endsWith("TiB") ? "TiB" : "GiB"];
}

/** A size, parsed to a number of GiB or `auto`. */
function diskSize(largestGiB?: number) {
  return sizeText(largestGiB).transform(gibibytesOf).prefault("auto");
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
 * @param largestGiB the cloud's limit for one disk. @default none
 */
export function disk({ largestGiB }: { largestGiB?: number } = {}) {
  return z
    .strictObject({
      kind: z
        .literal("disk", { error: "must be `disk` here: this machine has no bucket" })
        .describe(kindMeaning),
      size: diskSize(largestGiB).describe(
        "Size of the disk, in `GiB` or `TiB`. `auto`: from the workload; in a `local` region, 20 GiB.",
      ),
    })
    .transform(({ kind, size }) => ({ kind, sizeGiB: size }));
}

const storageClass = matching(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, "the name of a StorageClass");

/** One PersistentVolumeClaim per replica. */
const claimedDisk = z
  .strictObject({
    kind: z.literal("disk").describe(kindMeaning),
    size: diskSize().describe("Size of each replica's volume, in `GiB` or `TiB`. `auto`: from the workload."),
    class: storageClass.exactOptional().describe("StorageClass of the volumes. Default: the cluster's."),
  })
  .transform(({ size, ...rest }) => ({ ...rest, sizeGiB: size }));

const bucketKind = {
  kind: z
    .literal("bucket", { error: "must be `bucket` here: the replicas of a cluster share one store" })
    .describe(kindMeaning),
  delivery: z
    .enum(["proxied", "redirect"])
    .default("proxied")
    .describe(
      "`proxied`: blobs pass through the cache. `redirect`: clients get them from the bucket, which they must be able to reach.",
    ),
};

export const defaultExpireDays = 90;

/** An S3 bucket or an Azure Blob container that the stack creates in this region. */
const bucket = z.strictObject({
  ...bucketKind,
  expireDays: wholeNumber(1, 3650)
    .default(defaultExpireDays)
    .describe(
      "Days after which the bucket deletes an object. One that is still in use is then fetched again.",
    ),
});

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const s3BucketName = matching(/^(?=.{3,63}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])$/, "the name of an S3 bucket");

const awsRegion = /^[a-z0-9-]{2,32}$/;

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftstorage */
const storageAccountName = matching(
  /^[a-z0-9]{3,24}$/,
  "the name of a storage account: 3 to 24 lower-case letters and digits",
);
const blobContainerName = matching(/^(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])+$/, "the name of a blob container");

const scratchMeaning =
  "Size of each replica's part of its node's disk, in `GiB` or `TiB`. `auto`: from the workload.";

/** The space on a node's disk that a Pod uses for the edge's cache and for transfers in progress. */
const scratch = diskSize().describe(scratchMeaning);

/** Space on a node's disk, or a volume with a StorageClass that lives as long as its Pod: https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes */
const scratchOrVolume = z
  .union(
    [
      sizeText(),
      z.strictObject({
        size: diskSize().describe("The size, in `GiB` or `TiB`. `auto`: from the workload."),
        class: storageClass.describe(
          "StorageClass of a volume that replaces the node's disk and is deleted with its Pod.",
        ),
      }),
    ],
    { error: "must be a size, like 20GiB, or a mapping like { size: 100GiB, class: fast }" },
  )
  .transform((given): { size: number | "auto"; class?: string } =>
    typeof given === "string" ? { size: gibibytesOf(given) } : given,
  )
  .prefault("auto")
  .describe(`${scratchMeaning} A mapping asks for a volume instead.`);

export const clusterBucket = bucket
  .extend({ scratch })
  .transform(({ scratch: scratchGiB, ...rest }) => ({ ...rest, scratchGiB }));

/** Existing object storage. Its owner grants the Pods the rights that docs/kubernetes.md lists. */
const existingBucket = z
  .strictObject({
    ...bucketKind,
    scratch: scratchOrVolume,
    s3: z
      .strictObject({
        bucket: s3BucketName.describe(
          "Name of the bucket, which belongs to the cache alone. Set either `s3` or `azure`.",
        ),
        region: matching(/^[\w-]{1,64}$/, "a region of S3, like eu-central-1").describe(
          "Region of the bucket: AWS's, or the server's own name for it.",
        ),
        endpoint: serverUrl({ path: false })
          .exactOptional()
          .describe(
            "Address of an S3-compatible server. With `delivery: redirect`, one that clients reach, too: no Service of the cluster. Default: AWS.",
          ),
        pathStyle: off.describe(
          "Whether the bucket's name is in the path instead of the host name, as for most S3-compatible servers.",
        ),
        credentials: secretKey
          .exactOptional()
          .describe(
            "The top-level secret key of this stack that holds access key (`username`) and secret key (`password`). Default: the identity of the Pods.",
          ),
      })
      .refine(({ region, endpoint }) => endpoint !== undefined || awsRegion.test(region), {
        path: ["region"],
        error: ({ input }) =>
          `"${fieldOf(input, "region")}" is not a region of AWS, like eu-central-1; other servers need their \`endpoint\``,
      })
      .exactOptional()
      .describe("A bucket in S3, or on an S3-compatible server. Set either this or `azure`."),
    azure: z
      .strictObject({
        account: storageAccountName.describe("Name of the storage account."),
        container: blobContainerName.describe(
          "Name of the blob container, which belongs to the cache alone.",
        ),
      })
      .exactOptional()
      .describe("A container in Azure Blob Storage. Set either this or `s3`."),
  })
  .refine(({ delivery, s3 }) => delivery !== "redirect" || !isInternal(hostOf(s3?.endpoint)), {
    path: ["s3", "endpoint"],
    error:
      "is a Service or a loopback address, and `delivery: redirect` sends clients there, who can't reach it: " +
      "write an address that their nodes reach, or use `delivery: proxied`",
  })
  .transform(({ s3, azure, scratch, ...others }, context) => {
    const volume = scratch.class === undefined ? {} : { scratchClass: scratch.class };
    const rest = { ...others, scratchGiB: scratch.size, ...volume };
    if (s3 && !azure) return { ...rest, s3 };
    if (azure && !s3) return { ...rest, azure };
    context.addIssue({
      code: "custom",
      message: "must name one bucket: `s3: { bucket, region }` or `azure: { account, container }`",
    });
    return z.NEVER;
  });

function hostOf(url = ""): string {
  return URL.parse(url)?.hostname ?? "";
}

/** The volumes of the replicas, or a bucket that they share. */
export const kubernetesStorage = z.discriminatedUnion("kind", [claimedDisk, existingBucket]);

/**
 * The maximum size of a gp3 volume or a Premium SSD v2 disk, in GiB:
 * https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
 * https://learn.microsoft.com/azure/virtual-machines/disks-types
 */
const largestCloudDiskGiB = 65536;

export const cloudStorage = z.discriminatedUnion("kind", [disk({ largestGiB: largestCloudDiskGiB }), bucket]);
