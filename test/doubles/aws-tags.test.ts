/** The double must refuse the tags that AWS refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTags } from "./aws/tags.ts";

const volume = "aws:ebs/volume:Volume";
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, ""]));

test("refuses too many tags, and reserved, too long or invalid ones", () => {
  checkTags(volume, { ...many(49), "Cost Center": "a=b" });
  assert.throws(() => checkTags(volume, many(51)), /51 tags, and 50 are allowed/);
  assert.throws(() => checkTags("aws:s3/bucketObjectv2:BucketObjectv2", many(11)), /and 10 are allowed/);
  assert.throws(() => checkTags(volume, { "AWS:a": "" }), /System tags/);
  for (const tags of [
    { "a,b": "" },
    { a: "b,c" },
    { ["a".repeat(129)]: "" },
    { a: "b".repeat(257) },
    { "": "" },
  ])
    assert.throws(() => checkTags(volume, tags), /InvalidTag/);
});

test("refuses two tags in IAM whose names differ only in case", () => {
  checkTags(volume, { team: "", Team: "" });
  assert.throws(() => checkTags("aws:iam/role:Role", { team: "", Team: "" }), /case insensitive/);
});
