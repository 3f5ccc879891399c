import { isDeepStrictEqual } from "node:util";
import type { Cloud } from "../doubles/cloud.ts";
import { type Inputs, valuesAt } from "../doubles/values.ts";

/** S3 takes ten tags of an object, and a node that is about to go has those with which it was made. */
const exempt = (type: string, inputs: Inputs) =>
  type === "aws:s3/bucketObjectv2:BucketObjectv2" ||
  (type === "node" && valuesAt("pods[*]", inputs).length === 0);

/** What stacks have made without these tags, as far as the cloud takes tags of it. */
export function untagged(cloud: Cloud, tags: Readonly<Record<string, string>>): string[] {
  const { sdk } = cloud.definition;
  const isTaggable = (type: string) =>
    !type.includes(":") || !sdk.problems(type, { tags: {} }).some(({ property }) => property === "tags");
  return cloud
    .things()
    .filter(({ type, inputs }) => isTaggable(type) && !exempt(type, inputs))
    .filter(({ inputs, outputs }) => {
      const has = (outputs.tagsAll ?? inputs.tags ?? {}) as Inputs;
      const pools = valuesAt("agentPoolProfiles[*]", inputs) as Inputs[];
      return [has, ...pools.map((pool) => (pool.tags ?? {}) as Inputs)].some((it) =>
        Object.entries(tags).some(([name, value]) => !isDeepStrictEqual(it[name], value)),
      );
    })
    .map(({ type, id }) => `${type} ${id}`);
}
