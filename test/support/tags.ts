import { isDeepStrictEqual } from "node:util";
import type { Cloud } from "../doubles/cloud.ts";
import { type Inputs, valuesAt } from "../doubles/values.ts";

/** S3 allows only ten tags for an object. A node that is about to go keeps the tags from its creation. */
const exempt = (type: string, inputs: Inputs) =>
  type === "aws:s3/bucketObjectv2:BucketObjectv2" ||
  (type === "node" && valuesAt("pods[*]", inputs).length === 0);

/** By the type's inputs in the SDK. */
export function isTaggable({ definition: { sdk } }: Cloud, type: string): boolean {
  return !type.includes(":") || !sdk.problems(type, { tags: {} }).some(({ property }) => property === "tags");
}

/** The resources of a cloud that lack these tags, although their type can have tags. */
export function untagged(cloud: Cloud, tags: Readonly<Record<string, string>>): string[] {
  return cloud
    .things()
    .filter(({ type, inputs }) => isTaggable(cloud, type) && !exempt(type, inputs))
    .filter(({ inputs, outputs }) => {
      const has = (outputs.tagsAll ?? inputs.tags ?? {}) as Inputs;
      const pools = valuesAt("agentPoolProfiles[*]", inputs) as Inputs[];
      return [has, ...pools.map((pool) => (pool.tags ?? {}) as Inputs)].some((it) =>
        Object.entries(tags).some(([name, value]) => !isDeepStrictEqual(it[name], value)),
      );
    })
    .map(({ type, id }) => `${type} ${id}`);
}
