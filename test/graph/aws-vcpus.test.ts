/** Whether an account may run the machine, by EC2's list of existing machines. */
import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { instance } from "../doubles/aws/machine.ts";
import type { Inputs } from "../doubles/values.ts";
import { offersIn } from "../support/aws-graph.ts";
import { ec2OfSuite } from "../support/ec2.ts";
import { previousState } from "../support/previous-state.ts";
import { type Answers, lookedUp, refused } from "./aws-looked-up.ts";

describe("the quota of vCPUs", { concurrency: 1 }, () => {
  const cloud = ec2OfSuite();

  const [fresh, upgraded, inOtherQuota] = ["eu-central-1", "eu-west-1", "eu-west-2"];
  const run = (id: string, instanceType: string, scope: string, more: Inputs = {}) =>
    cloud.keep({ type: instance, id, scope, inputs: { instanceType, ...more }, outputs: {} });
  /** The outputs of the last update. */
  const outputs = previousState({
    [`${instance}::${upgraded}`]: { instanceType: "c7g.large" },
    [`${instance}::${inOtherQuota}`]: { instanceType: "x2gd.xlarge" },
  });

  const told = async (region: string, type: string, quota: number | Answers[string]) => {
    const log = mock.method(pulumi.log, "warn", async () => {});
    const { problems } = await lookedUp(
      { name: region, machine: { type } },
      {
        getInstanceTypeOfferings: offersIn([`${region}a`]),
        getServiceQuota: (inputs) => {
          if (typeof quota === "function") return quota(inputs);
          if (inputs.serviceCode === "vpc") return refused("AccessDenied")();
          assert.deepEqual(inputs, { serviceCode: "ec2", quotaCode: "L-1216C47A" });
          return { value: quota };
        },
        getInstanceType: () => ({ defaultVcpus: 96 }),
        readStackResourceOutputs: () => ({ outputs }),
      },
    );
    const warnings = log.mock.calls.map(({ arguments: [message] }) => String(message));
    log.mock.restore();
    const refusals = problems.map(({ path, message }) => `${path}: ${message}`);
    return [...refusals, ...warnings.filter((it) => it.includes("quota"))];
  };
  const message = (region: string, left: number, quota: number, needed: string, desired: number) =>
    `machine.type: the account's quota of vCPUs in ${region}, of Running On-Demand Standard instances, leaves ${left} of ${quota} to this region, and ${needed}: ` +
    `stop other machines, or ask for a larger quota: \`aws service-quotas request-service-quota-increase --region ${region} --service-code ec2 --quota-code L-1216C47A --desired-value ${desired}\``;

  test("has space for the machine in addition to all others, or the machine is refused", async () => {
    assert.deepEqual(await told(fresh, "c7gn.xlarge", 4), []);
    assert.deepEqual(await told(fresh, "c7gn.xlarge", 3), [message(fresh, 3, 3, "c7gn.xlarge needs 4", 4)]);
    run("i-1", "m7i.large", fresh);
    run("i-2", "g5.12xlarge", fresh);
    run("i-3", "m7i.large", fresh, { instanceMarketOptions: { marketType: "spot" } });
    run("i-4", "m7i.large", fresh, { tenancy: "host" });
    assert.deepEqual(await told(fresh, "c7gn.xlarge", 6), []);
    assert.deepEqual(await told(fresh, "c7gn.xlarge", 5), [message(fresh, 3, 5, "c7gn.xlarge needs 4", 6)]);
    // A type that components/capacity doesn't know.
    assert.deepEqual(await told(fresh, "m9g.metal", 64), [message(fresh, 64, 64, "m9g.metal needs 96", 96)]);
    // Another quota applies to other families.
    assert.deepEqual(await told(fresh, "x2gd.xlarge", 1), []);
  });

  test("doesn't count the existing machine, which stops first, so one of the same size always fits", async () => {
    run("i-own", "c7g.large", upgraded);
    run("i-other", "m7i.large", upgraded);
    assert.deepEqual(await told(upgraded, "c7gn.xlarge", 6), []);
    const refusal = message(upgraded, 3, 5, "c7gn.xlarge needs 4", 6);
    // Its existing machine uses another quota.
    assert.deepEqual(await told(inOtherQuota, "c7gn.xlarge", 3), [
      message(inOtherQuota, 3, 3, "c7gn.xlarge needs 4", 4),
    ]);
    assert.deepEqual(await told(upgraded, "c7gn.xlarge", 5), [refusal]);
    assert.deepEqual(await told(upgraded, "m7i.xlarge", 5), [
      message(upgraded, 3, 5, "m7i.xlarge needs 4", 6),
    ]);
    assert.deepEqual(await told(upgraded, "m7g.large", 0), []);
    assert.deepEqual(await told(upgraded, "m7i.large", 0), []);
  });

  test("causes only a warning if it can't be read", async () => {
    const why = (reason: string) =>
      `${fresh}: machine.type: can't check the quota of vCPUs in ${fresh}: ${reason}`;
    assert.deepEqual(await told(fresh, "c7gn.xlarge", refused("AccessDenied")), [why("AccessDenied")]);
    assert.deepEqual(await told(upgraded, "c7g.large", refused("AccessDenied")), []);
    process.env.AWS_ENDPOINT_URL_EC2 = "http://127.0.0.1:1";
    const [warning, ...others] = await told(fresh, "c7gn.xlarge", 64);
    assert.ok(warning?.startsWith(why("")), warning);
    assert.deepEqual(others, []);
  });
});
