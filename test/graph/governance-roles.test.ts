/** What the configuration requires of roles and of the account. test/engine tests that AWS is asked about it first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { graphOf as cluster } from "./aws-cluster-region.ts";
import { graphOf as vm } from "./aws-vm-region.ts";

const settings = { permissionsBoundary: "arn:aws:iam::123456789012:policy/boundary", iamPath: "/platform/" };

const roles = ({ resources }: AwsGraph) =>
  resources
    .filter(({ type }) => type === "aws:iam/role:Role")
    .map(({ inputs }) => [inputs.path, inputs.permissionsBoundary]);

test("gives every role the boundary and the path, a machine's profile the path, and the provider the accounts", async () => {
  const graph = await vm({}, {}, { ...settings, allowedAccountIds: ["123456789012"] });
  assert.deepEqual(roles(graph), [[settings.iamPath, settings.permissionsBoundary]]);
  assert.equal(graph.resource("aws:iam/instanceProfile:InstanceProfile").inputs.path, settings.iamPath);
  const { allowedAccountIds } = graph.resource("pulumi:providers:aws").inputs;
  assert.deepEqual(JSON.parse(String(allowedAccountIds)), ["123456789012"]);
  const all = roles(await cluster({}, settings));
  assert.equal(all.length, 4);
  assert.deepEqual(
    new Set(all.map(String)),
    new Set([String([settings.iamPath, settings.permissionsBoundary])]),
  );
});

test("sets neither on a role without them", async () => {
  for (const graph of [await vm(), await cluster()])
    assert.deepEqual(new Set(roles(graph).map(String)), new Set([","]));
});
