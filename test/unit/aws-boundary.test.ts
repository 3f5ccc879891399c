/** What a permissions boundary certainly forbids, by its document alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, forbiddenBy } from "../../components/hosts/aws/boundary.ts";
import { planAwsCluster } from "../../components/hosts/aws/cluster/plan.ts";
import { clusterNeeds } from "../../components/hosts/aws/cluster/policies.ts";
import { bucketPolicy, parametersPolicy } from "../../components/hosts/aws/policies.ts";
import { planRequest } from "../support/plan-request.ts";

const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const wanted = ["s3:GetObject", "ssm:GetParameter"];
const forbidden = (...Statement: object[]) => forbiddenBy({ Statement }, wanted);

test("forbids what nothing allows, in any spelling of an action", () => {
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

test("forbids what is denied everywhere without a condition", () => {
  const denied = { Effect: "Deny", Action: "s3:*", Resource: "*" };
  assert.deepEqual(forbidden(everything, denied), ["s3:GetObject"]);
  const Condition = { StringNotEquals: { "aws:RequestedRegion": "eu-central-1" } };
  assert.deepEqual(forbidden(everything, { ...denied, Condition }), []);
  assert.deepEqual(forbidden(everything, { ...denied, Resource: "arn:aws:s3:::audit/*" }), []);
});

test("may allow what is allowed for some resources, or under a condition", () => {
  const Condition = { Bool: { "aws:SecureTransport": "true" } };
  assert.deepEqual(forbidden({ ...everything, Resource: "arn:aws:s3:::cache-*", Condition }), []);
});

test("counts the actions that policies allow", () => {
  assert.deepEqual(actionsOf(parametersPolicy(["arn:a"])), ["ssm:GetParameter"]);
  assert.deepEqual(actionsOf(parametersPolicy([])), []);
  assert.ok(actionsOf(bucketPolicy("bucket")).includes("s3:PutObject"));
});

test("reports that a cluster needs rights in IAM, which AWS's own PowerUserAccess lacks", () => {
  const region = {
    name: "eu-central-1",
    topology: "cluster",
    storage: { kind: "bucket" },
    apiAccess: ["198.51.100.0/24"],
    endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
    access: { clients: ["203.0.113.0/24"] },
  };
  const upstreams = [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }];
  const { plan } = planAwsCluster(
    planRequest("aws cluster", { provider: "aws", regions: [region], upstreams }),
  );
  const under = (...Statement: object[]) =>
    clusterNeeds(plan).flatMap(({ who, actions }) =>
      forbiddenBy({ Statement }, actions).map((action) => `${who}: ${action}`),
    );
  assert.deepEqual(under(everything), []);
  assert.deepEqual(under({ ...everything, Action: undefined, NotAction: ["iam:*", "organizations:*"] }), [
    "EKS Auto Mode: iam:AddRoleToInstanceProfile",
    "EKS Auto Mode: iam:PassRole",
  ]);
  const withoutImages = { Effect: "Deny", Action: ["ecr:*", "elasticloadbalancing:Reg*"], Resource: "*" };
  assert.deepEqual(under(everything, withoutImages), [
    "EKS Auto Mode: elasticloadbalancing:RegisterTargets",
    "a node: ecr:GetAuthorizationToken",
    "a node: ecr:BatchGetImage",
    "a node: ecr:GetDownloadUrlForLayer",
  ]);
});
