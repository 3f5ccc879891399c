/** Every stack in a cloud, in an account whose cloud fails now and then. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { troubleOf } from "../../scripts/engine/trouble.ts";
import { recover, softDelete } from "../doubles/azure/identity.ts";
import { unpackedUserData } from "../doubles/checks.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { cloudFiles, clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { assertNoDuplicates, assertSecret, credentials, privateUpstream } from "../support/private-stack.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";

describe("every stack in a cloud", { concurrency: true }, () => {
  for (const { file, cloud } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => testFaults(file, cloud));
  }
});

/** Each test continues from the state that the previous one leaves. */
function testFaults(file: string, known: CloudCase): void {
  const parts = scope({ after });
  const cloud = known.newCloud();
  let stack: CloudStack;

  async function configurePrivate(): Promise<void> {
    await stack.configure({ upstreams: [privateUpstream] });
    await stack.setSecrets({
      "registry-cache:team-login.username": credentials.username,
      "registry-cache:team-login.password": credentials.password,
    });
  }

  before(async () => {
    stack = parts.use(await cloudStack(file, cloud));
    await configurePrivate();
  });

  // cloud-lifecycle.test.ts has the last fault, which interrupts a replacement.
  const { "a zone without machines": _, ...faults } = known.faults;
  for (const [what, fault] of Object.entries(faults)) {
    test(`fails and says so: ${what}`, async () => {
      cloud.fail(fault);
      const { failed, messages } = await stack.run("up");
      assert.ok(failed, messages);
      assert.ok(messages.includes(fault.error.message), messages);
    });
  }

  test("creates the rest with the next up, and nothing twice", async () => {
    await succeeds(stack, "up");
    assertNoDuplicates(stack);
    await succeeds(stack, "preview", ["--expect-no-changes"]);
  });

  test("stores credentials in the cloud's secret store, and nowhere readable", async () => {
    const stored = cloud.things().filter(({ type }) => type === known.types.secret);
    assert.equal(stored.length, stack.regions.length);
    for (const secret of stored) assert.ok(known.valueOf(secret).includes(credentials.password));
    const machines = cloud.things(known.types.machine);
    const userData = machines.map((machine) => unpackedUserData(known.userDataOf(machine)));
    await assertSecret(stack, [...userData, ...known.podsOf(cloud)].join("\n"));
  });

  test("changes only the secret for another password", async () => {
    await stack.setSecret("registry-cache:team-login.password", "another");
    const { changes, messages } = await stack.run("preview");
    const expected = stack.inAllRegions([`update ${lastPart(known.types.secret)} …-credentials-team`]);
    assert.deepEqual(stack.byRegion(changes), expected, messages);
    assert.equal(changes.length, stack.regions.length, messages);
  });

  // This works in Azure, too, although the stack may not delete a secret.
  test("removes an upstream with its password, and adds it again", async () => {
    for (const [configure, count, runs] of [
      [() => stack.configure({}), 0, [[], ["--expect-no-changes"]]],
      // The state after the first up, so there is nothing to do.
      [configurePrivate, stack.regions.length, [[]]],
    ] as const) {
      await configure();
      for (const args of runs) {
        await succeeds(stack, "up", args);
      }
      const secrets = cloud.things().filter(({ type }) => type === known.types.secret);
      const stored = secrets.filter((secret) => known.valueOf(secret).includes(credentials.password));
      assert.equal(stored.length, count);
    }
  });

  if (known === clouds.azure) {
    test("is whole after a secret or its vault was deleted by hand, by docs/day-2.md", async () => {
      const [secret] = cloud.things().filter(({ type }) => type === known.types.secret);
      const vault = cloud.things().find(({ id }) => secret?.id.startsWith(`${id}/secrets/`));
      assert.ok(vault && secret);
      const copy = await stack.state();
      const ids = () =>
        cloud
          .things()
          .map(({ id }) => id)
          .sort();
      const before = ids();
      for (const deleted of [secret, vault]) {
        softDelete(cloud, deleted);
        const tooEarly = await stack.run("up", ["--refresh"]);
        assert.match(
          troubleOf({ stack: "", errors: [tooEarly.messages] })?.what ?? tooEarly.messages,
          /^A Key Vault's or a secret's name is taken: /,
        );
        recover(cloud, deleted);
        assert.match((await stack.run("up", ["--refresh"])).messages, /already exists/);
        await stack.restore(copy);
        await succeeds(stack, "up", ["--refresh"]);
        assert.deepEqual(ids(), before);
      }
    });
  }

  // This works in Azure, too, although the name of a deleted vault stays taken.
  test("creates everything again after destroy", async () => {
    await stack.unprotect();
    for (const operation of ["destroy", "up"] as const) {
      await succeeds(stack, operation);
    }
  });
}
