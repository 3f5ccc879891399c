import { z } from "zod";
import { rule } from "../rule.ts";

export const protectedDisks = rule({
  name: "protected-disks",
  level: "mandatory",
  what: "Pulumi's `protect` is set for disks, and for other resources whose content can't be restored.",
  why: "A disk that is deleted by mistake takes the cache's content with it: every node pulls from the upstream until it is filled again.",
  parameters: {
    types: z
      .array(z.string())
      .default(["aws:ebs/volume:Volume", "azure-native:compute:Disk"])
      .describe(
        "Types of resources that must be protected. Add `aws:s3/bucket:Bucket` where a program of yours keeps state in a bucket.",
      ),
  },
  each: ({ type, protect }, { types }) =>
    types.includes(type) && protect === false ? ["isn't protected: set `protect: true`"] : [],
});
