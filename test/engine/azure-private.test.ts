/** A stack in Azure whose endpoint is private, from up to destroy. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { existing } from "../doubles/azure/account.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import { azure } from "../support/cloud-azure.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { violationsOf } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

const endpoint = {
  hostname: "cache.westeurope.example.com",
  zone: existing.zone,
  zoneResourceGroup: existing.zoneResourceGroup,
  tls: { mode: "acme", email: "platform@example.com" },
};
const privately = { endpoint: { ...endpoint, exposure: "private" }, access: { clients: ["10.0.0.0/8"] } };

const named = (cloud: Cloud, type: string) =>
  cloud.things().flatMap((it) => (lastPart(it.type) === type ? [it.name ?? ""] : []));

describe("a private endpoint", { concurrency: true }, () => {
  describe("of a machine", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = azure.newCloud();
    let stack: CloudStack;

    async function succeeds(...args: Parameters<CloudStack["run"]>): Promise<readonly string[]> {
      const { failed, messages, changes } = await stack.run(...args);
      assert.ok(!failed, messages);
      return changes;
    }

    test("what a preview says is made, and a second up has nothing to do", async () => {
      stack = parts.use(await cloudStack(azure.file, cloud));
      await stack.configure({}, privately);
      await succeeds("preview");
      assert.deepEqual(stack.done(), []);
      await succeeds("up");
      await succeeds("up", ["--expect-no-changes"]);
    });

    test("nothing has a public address but the way out, and the name leads to the machine", async () => {
      assert.deepEqual(named(cloud, "PublicIPAddress"), ["westeurope-outbound"]);
      const [wire] = cloud.things("azure-native:network:NetworkInterface");
      const [address] = valuesAt("ipConfigurations[*].privateIPAddress", wire?.outputs);
      assert.equal(address, "10.255.255.4");
      const record = cloud.things().find(({ name }) => name === "westeurope-address");
      assert.deepEqual(valueAt("aRecords", record?.inputs), [{ ipv4Address: address }]);
      const outputs = JSON.parse(await stack.pulumi("stack", "output", "--json"));
      assert.equal(outputs.caches.westeurope.address, address);
      assert.deepEqual(violationsOf(cloud.things(), { clients: ["10.0.0.0/8"], metrics: [] }), []);
    });

    test("it becomes public and private again in place, as a preview says", async () => {
      for (const region of [{}, privately]) {
        await stack.configure({}, region);
        const planned = await succeeds("preview");
        assert.deepEqual(await succeeds("up"), planned);
        assert.ok(
          !planned.some((change) => /^(?:replace|delete) (?:NetworkInterface|VirtualMachine) /.test(change)),
        );
        await succeeds("up", ["--expect-no-changes"]);
      }
      assert.deepEqual(named(cloud, "PublicIPAddress"), ["westeurope-outbound"]);
    });

    test("destroy leaves nothing", async () => {
      for (const { type, urn } of JSON.parse(await stack.pulumi("stack", "export")).deployment.resources)
        if (lastPart(type) === "Disk") await stack.pulumi("state", "unprotect", urn, "--yes");
      await succeeds("destroy");
      assert.deepEqual(cloud.things(), []);
    });
  });
});
