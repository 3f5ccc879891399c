/** A stack that is open to everyone, in an existing network and with an existing certificate. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { existing, keyIn } from "../doubles/aws/existing.ts";
import { objectType } from "../doubles/aws/kms.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";

describe("every cloud", { concurrency: true }, () => {
  for (const [name, cloud] of Object.entries(clouds)) {
    describe(name, { concurrency: 1 }, () => testAdoption(cloud));
  }
});

function testAdoption(known: CloudCase): void {
  const parts = scope({ after });
  const cloud = known.newCloud();
  let stack: CloudStack;
  const adopted = () => cloud.definition.existing.map(({ type, id, scope }) => cloud.find(type, id, scope));

  test("uses existing resources unchanged, and a second up does nothing", async () => {
    const before = adopted();
    stack = parts.use(await cloudStack(known.file, cloud));
    await stack.configure({ governance: known.governed }, known.adopting);
    for (const args of [[], ["--expect-no-changes"]]) {
      await succeeds(stack, "up", args);
    }
    assert.deepEqual(adopted(), before);
    const made = cloud.things().map(({ type }) => lastPart(type));
    assert.deepEqual(
      known.adoptedTypes.filter((type) => made.includes(type)),
      [],
    );
  });

  if (known === clouds.aws) {
    test("creates roles as the account's owners require, and keeps them in place", async () => {
      const { permissionsBoundary, iamPath } = known.governed;
      const roles = cloud
        .things()
        .filter(({ type }) => type === "aws:iam/role:Role")
        .map(({ inputs }) => inputs);
      assert.ok(roles.length > 0);
      for (const role of roles)
        assert.deepEqual([role.permissionsBoundary, role.path], [permissionsBoundary, iamPath]);
      await stack.configure({ governance: { ...known.governed, iamPath: "/other/" } }, known.adopting);
      const { failed, messages } = await stack.run("preview");
      assert.ok(failed);
      assert.match(
        messages,
        /governance\.iamPath: the roles of \S+ have the path \/platform\/ and can't move/,
      );
    });
  }

  test("is open to the ranges in the configuration, and otherwise closed", () => {
    assert.deepEqual(known.violations(cloud.things(), exposureOf([known.adopting])), []);
    // Without these ranges in the configuration, the rules forbid the same openings.
    const violations = known.violations(cloud.things(), { clients: [], metrics: [] });
    assert.deepEqual(violations.sort(), known.openings);
  });

  if (known === clouds.aws) {
    test("takes another key in one update, by docs/governance.md, and refuses none", async () => {
      const governance = { ...known.governed, kmsKey: existing.otherKey };
      await stack.unprotect(known.types.disk);
      await stack.configure({ governance }, known.adopting);
      await succeeds(stack, "up");
      const objects = cloud.things(objectType).filter(({ name = "" }) => name.startsWith("eu-central-1"));
      const keys = new Set(objects.map(({ outputs }) => outputs.kmsKeyId));
      assert.deepEqual([...keys], [`${keyIn("eu-central-1")}2`]);
      const { kmsKey: _, ...without } = governance;
      await stack.configure({ governance: without }, known.adopting);
      const { failed, messages } = await stack.run("preview");
      assert.ok(failed);
      assert.match(
        messages,
        /governance\.kmsKey: eu-central-1 has stored objects, secrets and a disk with a key/,
      );
    });

    test("moves to a network in another zone with another disk, by docs/regions.md", async () => {
      const { network: _, ...region } = known.adopting;
      const resources = await stack.resources();
      const { urn } = resources.find(({ type }) => type === known.types.disk) ?? assert.fail();
      await stack.pulumi("state", "unprotect", urn, "--yes");
      const governance = { ...known.governed, kmsKey: existing.otherKey };
      await stack.configure({ governance }, { ...region, network: { vpc: "create" } });
      for (const [operation, ...args] of [
        ["destroy", "--target", urn, "--target-dependents"],
        ["up"],
        ["preview", "--expect-no-changes"],
      ] as const) {
        await succeeds(stack, operation, args);
      }
      assert.equal(cloud.things("aws:ec2/eip:Eip").length, 1);
      assert.equal(cloud.things("aws:ec2/eipAssociation:EipAssociation").length, 1);
    });
  }
}
