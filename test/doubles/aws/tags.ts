/** The tags that AWS accepts. */
import { demand } from "../faults.ts";
import type { Inputs } from "../values.ts";

const most = 50;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const mostOf: Readonly<Record<string, number>> = { "aws:s3/bucketObjectv2:BucketObjectv2": 10 };

/**
 * Checks all tags of a resource. https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html, for IAM:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
 * @param type Pulumi's type
 */
export function checkTags(type: string, tags: Inputs): void {
  const names = Object.keys(tags);
  const limit = mostOf[type] ?? most;
  demand(names.length <= limit, "TooManyTags", `${names.length} tags, and ${limit} are allowed`);
  for (const [name, value] of Object.entries(tags)) {
    demand(!/^aws:/i.test(name), "InvalidTag", `System tags cannot be added/updated by requester: ${name}`);
    const valid = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(name);
    demand(
      valid && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(String(value)),
      "InvalidTag",
      `${name}=${value}`,
    );
  }
  const isIam = type.startsWith("aws:iam/");
  const different = new Set(names.map((name) => name.toLowerCase()));
  demand(
    !isIam || different.size === names.length,
    "InvalidInput",
    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
  );
}
