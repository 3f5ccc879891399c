/** Encryption at the host of a machine in Azure, for a size with Trusted Launch and one without. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { azure } from "../support/cloud-azure.ts";
import { cloudStack } from "../support/cloud-stack.ts";
import { succeeds } from "../support/project.ts";

const isOfMachine = (change: string) => change.split(" ")[1] === "VirtualMachine";

describe("governance.encryptionAtHost", { concurrency: true }, () => {
  for (const type of ["Standard_B2ps_v2", "Standard_D2ps_v6"]) {
    test(`replaces a machine of size ${type} when it is added and when it is removed`, async () => {
      await using stack = await cloudStack(azure.file, azure.newCloud());
      await changes({});
      for (const governance of [{ encryptionAtHost: true }, {}]) {
        assert.deepEqual(await changes(governance), azure.replacement);
      }

      /** The update's operations on the machine. */
      async function changes(governance: object): Promise<string[]> {
        await stack.configure({ governance }, { machine: { type } });
        stack.done();
        await succeeds(stack, "up");
        const [done = []] = Object.values(stack.byRegion(stack.done()));
        await succeeds(stack, "preview", ["--expect-no-changes"]);
        return done.filter(isOfMachine);
      }
    });
  }
});
