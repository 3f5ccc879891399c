/** What a permissions boundary surely forbids, by its document alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, forbiddenBy } from "../../components/hosts/aws/boundary.ts";
import { bucketPolicy, parametersPolicy } from "../../components/hosts/aws/policies.ts";

const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const wanted = ["s3:GetObject", "ssm:GetParameter"];
const forbidden = (...Statement: object[]) => forbiddenBy({ Statement }, wanted);

test("what nothing allows is forbidden, however an action is written", () => {
  assert.deepEqual(forbidden(everything), []);
  assert.deepEqual(forbiddenBy({ Statement: everything }, wanted), []);
  assert.deepEqual(forbidden({ ...everything, Action: ["s3:Get*", "SSM:getparameter?"] }), [
    "ssm:GetParameter",
  ]);
  assert.deepEqual(forbidden({ ...everything, Action: ["s3:get*", "ssm:*"] }), []);
  assert.deepEqual(forbidden({ Effect: "Allow", NotAction: ["iam:*", "s3:*"], Resource: "*" }), [
    "s3:GetObject",
  ]);
  assert.deepEqual(forbidden({ ...everything, Action: "s3.GetObject" }), wanted);
});

test("what is denied everywhere and without condition is forbidden", () => {
  const denied = { Effect: "Deny", Action: "s3:*", Resource: "*" };
  assert.deepEqual(forbidden(everything, denied), ["s3:GetObject"]);
  const Condition = { StringNotEquals: { "aws:RequestedRegion": "eu-central-1" } };
  assert.deepEqual(forbidden(everything, { ...denied, Condition }), []);
  assert.deepEqual(forbidden(everything, { ...denied, Resource: "arn:aws:s3:::audit/*" }), []);
});

test("what is allowed for some resources, or under a condition, may be allowed", () => {
  const Condition = { Bool: { "aws:SecureTransport": "true" } };
  assert.deepEqual(forbidden({ ...everything, Resource: "arn:aws:s3:::cache-*", Condition }), []);
});

test("the actions of policies are those that they allow", () => {
  assert.deepEqual(actionsOf(parametersPolicy(["arn:a"])), ["ssm:GetParameter"]);
  assert.deepEqual(actionsOf(parametersPolicy([])), []);
  assert.ok(actionsOf(bucketPolicy("bucket")).includes("s3:PutObject"));
});
