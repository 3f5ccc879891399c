/** The stack's own calls of EC2, which the provider doesn't make. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { DescribeRegionsCommand } from "@aws-sdk/client-ec2";
import { disabledProblems } from "../../components/hosts/aws/account.ts";
import { deleteSecurityGroup, waitForNodes } from "../../components/hosts/aws/cluster/teardown-provider.ts";
import { ec2Client } from "../../components/hosts/aws/sdk.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { serveEc2 } from "../doubles/aws/ec2-api.ts";
import { securityGroup } from "../doubles/aws/security-group.ts";
import type { Thing } from "../doubles/cloud.ts";
import type { Inputs } from "../doubles/values.ts";

const cloud = awsCloud();

/** Changes the environment for one test. */
function setEnvironment(context: TestContext, values: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  context.after(() => {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

describe("a region", { concurrency: 1 }, () => {
  test("is reported if the account hasn't enabled it, with the command that does", async (t) => {
    await using api = await serveEc2(cloud);
    setEnvironment(t, api.environment);
    assert.deepEqual(await disabledProblems({ name: "af-south-1" }), [
      {
        path: "name",
        message:
          "the account hasn't enabled af-south-1: run `aws account enable-region --region-name af-south-1`, which takes some minutes",
      },
    ]);
    assert.deepEqual(await disabledProblems({ name: "eu-south-2" }), []);
  });

  test("is left to the provider if AWS doesn't answer", async (t) => {
    await using api = await serveEc2(cloud);
    setEnvironment(t, { ...api.environment, AWS_ENDPOINT_URL_EC2: "http://127.0.0.1:1" });
    assert.deepEqual(await disabledProblems({ name: "af-south-1" }), []);
  });

  test("causes no request if every account has it", async (t) => {
    setEnvironment(t, { AWS_ENDPOINT_URL_EC2: "no address" });
    assert.deepEqual(await disabledProblems({ name: "eu-central-1" }), []);
  });
});

test("calls EC2 through the proxy of the environment", async (t) => {
  const connected: unknown[] = [];
  const proxy = createServer().on("connect", ({ url }, socket) => {
    connected.push(url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  setEnvironment(t, {
    HTTPS_PROXY: `http://127.0.0.1:${port}`,
    https_proxy: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "key",
  });
  const client = await ec2Client("eu-central-1", { maxAttempts: 1, endpoint: "https://ec2.invalid" });
  t.after(() => client.destroy());
  await assert.rejects(client.send(new DescribeRegionsCommand({})));
  assert.deepEqual(connected, ["ec2.invalid:443"]);
});

describe("the teardown of a cluster", { concurrency: 1 }, () => {
  const region = "eu-central-1";
  const clusterName = "registry-cache";
  const securityGroupId = "sg-1";
  const thing = (type: string, id: string, inputs: Inputs): Thing => ({
    type,
    id,
    name: id,
    scope: region,
    inputs,
    outputs: {},
  });
  const node = thing("node", "i-1", { group: securityGroupId, pods: ["another's"] });
  const group = thing(securityGroup, securityGroupId, { tags: { "aws:eks:cluster-name": clusterName } });
  const wire = thing("aws:ec2/networkInterface:NetworkInterface", "eni-1", {
    securityGroups: [securityGroupId],
  });

  /** Starts `ask`, and moves the clock to 21 minutes later before the first answer. */
  async function giveUp(t: TestContext, present: readonly Thing[], ask: () => Promise<void>): Promise<void> {
    const cloud = awsCloud();
    for (const it of present) cloud.keep(it);
    await using api = await serveEc2(cloud);
    // The SDK would treat the jump as a wrong clock, correct it, and retry.
    setEnvironment(t, { ...api.environment, AWS_MAX_ATTEMPTS: "1" });
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const asked = ask();
    t.mock.timers.tick(21 * 60_000);
    await asked.finally(() => t.mock.timers.reset());
  }

  test("gives up while something else keeps a node, and says what to delete", async (t) => {
    const asked = giveUp(t, [group, node], () => waitForNodes({ region, clusterName, securityGroupId }));
    await assert.rejects(
      asked,
      /registry-cache still has the nodes i-1, 20 minutes after .*: delete what else runs there/,
    );
  });

  test("gives up while something is in the security group, and says how to find it", async (t) => {
    const asked = giveUp(t, [group, wire], () => deleteSecurityGroup({ region, clusterName }));
    await assert.rejects(
      asked,
      /the security group sg-1 .*aws ec2 describe-network-interfaces --region eu-central-1 --filters Name=group-id,Values=sg-1/,
    );
  });

  test("ends without an error when nothing is left, however late", async (t) => {
    await giveUp(t, [], () => waitForNodes({ region, clusterName, securityGroupId }));
    await giveUp(t, [group], () => deleteSecurityGroup({ region, clusterName }));
  });
});
