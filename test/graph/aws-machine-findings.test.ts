/** What AWS says about a machine's type and image before a region is created. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { keepUnavailable } from "../../components/hosts/aws/vm/machine-type.ts";
import { ami, offersIn } from "../support/aws-graph.ts";
import { registeredBy } from "../support/graph.ts";
import {
  type Answers,
  image,
  keptImage,
  lookedUp,
  refused,
  subnet,
  vpc,
  withoutQuota,
} from "./aws-looked-up.ts";

describe("the type of the machine", () => {
  const without = (family: string, zone = "") =>
    offersIn(
      ["eu-central-1a", "eu-central-1b"],
      (type, one) => !(type.startsWith(`${family}.`) && one.endsWith(zone)),
    );
  const offering = async (getInstanceTypeOfferings: Answers[string], change = {}) =>
    lookedUp(change, { getInstanceTypeOfferings });

  test("is the least expensive one that is offered, with a message if that isn't the default", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const { found, problems } = await offering(without("c6gn"));
    assert.deepEqual(problems, []);
    assert.equal(found?.machine.capacity.machine.type, "r7g.medium");
    assert.equal(found.machine.unavailable.length, 5);
    // They stay, so that the machine keeps its type.
    const [stash] = await registeredBy(() => keepUnavailable("eu-central-1", found.machine, {}));
    assert.deepEqual([stash?.inputs.input, stash?.ignoreChanges], [found.machine.unavailable, ["input"]]);
    const [told, ...others] = log.mock.calls
      .map(({ arguments: [message] }) => String(message))
      .filter(withoutQuota);
    assert.match(
      told ?? "",
      /^eu-central-1: machine\.type: c6gn\.medium isn't offered in eu-central-1, .*r7g\.medium/,
    );
    assert.deepEqual(others, []);
  });

  test("causes a warning if it sustains less than the default, unless the plan warns already", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const storage = { kind: "disk", size: "100GiB" };
    const { found } = await lookedUp(
      { storage },
      { getInstanceTypeOfferings: offersIn(["eu-central-1a"], (type) => type === "t4g.small") },
    );
    const texts = found?.machine.capacity.warnings.map(({ path, message }) => `${path}: ${message}`) ?? [];
    assert.ok(texts.some((text) => text.startsWith("storage.size: ")));
    const ofMachine = texts.filter((text) => text.startsWith("machine.type: "));
    assert.ok(ofMachine.length > 0);
    const told = log.mock.calls.map(({ arguments: [message] }) => String(message)).filter(withoutQuota);
    assert.deepEqual(
      told.slice(1),
      ofMachine.map((text) => `eu-central-1: ${text}`),
    );
  });

  test("is one that is offered in the chosen zone", async () => {
    const { found } = await offering(without("c6gn", "a"));
    assert.equal(found?.machine.capacity.machine.type, "c6gn.medium");
    assert.equal(found.machine.zone, "eu-central-1b");
    assert.deepEqual(found.machine.unavailable, []);
    // From the first update on, the zone stays, even if it lacks the new type.
    const { found: other } = await offering(
      offersIn(["eu-central-1a", "eu-central-1b"], (type, zone) => {
        return !type.startsWith(zone.endsWith("a") ? "c6gn." : "t4g.");
      }),
    );
    assert.equal(other?.machine.zone, "eu-central-1b");
    assert.ok(other.machine.unavailable.length > 0);
    assert.ok(other.machine.unavailable.every((type) => type.startsWith("t4g.")));
  });

  test("is one that is offered in the zone of an existing subnet", async () => {
    const getSubnet = () => ({ vpcId: vpc, availabilityZone: "eu-central-1a" });
    const network = { vpc, subnet };
    const of = (machine: object) =>
      lookedUp({ network, machine }, { getSubnet, getInstanceTypeOfferings: without("c6gn", "a") });
    assert.equal((await of({})).found?.machine.capacity.machine.type, "r7g.medium");
    assert.deepEqual((await of({ type: "c6gn.medium" })).problems, [
      {
        path: "machine.type",
        message:
          "c6gn.medium isn't offered in eu-central-1a, where network and disk are, only in eu-central-1b: set another",
      },
    ]);
  });

  test("is refused if it is misspelt, with the probable one", async () => {
    const { problems } = await offering(without("c6gnn"), { machine: { type: "c6gnn.large", image } });
    assert.match(problems[0]?.message ?? "", /^c6gnn\.large \(did you mean "c6gn\.large"\?\) isn't offered /);
  });

  test("is exactly the configuration's, and refused if it isn't offered", async () => {
    const { problems } = await offering(without("c6gn"), {
      machine: { type: "c6gn.large", image },
    });
    assert.deepEqual(
      problems.map(({ path, message }) => `${path}: ${message}`),
      [
        "machine.type: c6gn.large isn't offered in eu-central-1: set another, or leave it to `auto` with another `machine.architecture`",
      ],
    );
  });
});

test("refuses a region without any offers, and an image for another processor", async () => {
  const { problems } = await lookedUp(
    { machine: { image } },
    { getInstanceTypeOfferings: offersIn([]), getAmi: () => ami({ architecture: "x86_64" }) },
  );
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["machine.image", "machine.type"],
  );
  assert.match(problems[0]?.message ?? "", /is for x86_64, and the machine, c6gn\.medium, has arm64/);
});

test("refuses an image that isn't available yet, or is larger than the machine's root disk", async () => {
  const root = { deviceName: "/dev/xvda", ebs: { volume_size: "30" } };
  const told = async (change: Record<string, unknown>) => {
    const { problems } = await lookedUp({ machine: { image } }, { getAmi: () => ami(change) });
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };
  assert.deepEqual(await told({ state: "pending" }), [
    `machine.image: ${image} is pending, and no machine can be made from it: \`aws ec2 wait image-available --image-ids ${image}\` waits for a new one`,
  ]);
  assert.deepEqual(await told({ blockDeviceMappings: [root] }), [
    `machine.image: the root disk of ${image} has 30 GiB, and the machine's 12: make the image from a machine with a smaller one`,
  ]);
  // A disk in addition to the root disk.
  assert.deepEqual(await told({ blockDeviceMappings: [{ ...root, deviceName: "/dev/sdb" }] }), []);
});

describe("the image that the machine was made from", () => {
  const told = async (details: string) => {
    const getInstanceTypeOfferings = offersIn(["eu-west-1a"]);
    const other = { getInstanceTypeOfferings, getAmi: refused(details) };
    const { problems } = await lookedUp({ name: "eu-west-1" }, other);
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };

  test("must be replaced if it is gone, and the message says how", async () => {
    for (const details of [
      "Your query returned no results",
      "api error InvalidAMIID.NotFound: no such image",
    ]) {
      assert.deepEqual(await told(details), [
        `machine.image: the machine was made from ${keptImage}, which can't be found any more: ${details}. ` +
          "Set `machine: { image: ami-0123456789abcdef0 }`, Debian's newest: it replaces the machine, and the disk stays",
      ]);
    }
  });

  test("only causes a warning for a machine that stays if it is gone, as does a type that isn't offered any more", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const told = async (change: Record<string, unknown>) => {
      const machine = { type: "c7gn.medium" };
      const { found, problems } = await lookedUp(
        { name: "eu-west-2", machine, ...change },
        {
          getAmi: ({ filters }) =>
            JSON.stringify(filters).includes(keptImage) ? refused("Your query returned no results")() : ami(),
          getInstanceTypeOfferings: offersIn(["eu-west-2a"], (type) => !type.startsWith("c7gn.")),
        },
      );
      const refusals = problems.map(({ path, message }) => `${path}: ${message}`);
      const warnings = log.mock.calls.splice(0).map(({ arguments: [message] }) => String(message));
      log.mock.resetCalls();
      return { found, refusals, warnings: warnings.filter(withoutQuota) };
    };
    const { found, refusals, warnings } = await told({});
    assert.deepEqual(refusals, []);
    assert.equal(found?.machine.capacity.machine.type, "c7gn.medium");
    assert.equal(found.machine.zone, "eu-west-2a");
    assert.equal(warnings.length, 2);
    const [ofImage, ofType] = warnings;
    assert.match(ofImage ?? "", /^eu-west-2: machine\.image: .* The existing machine keeps running\./);
    assert.match(
      ofType ?? "",
      /^eu-west-2: machine\.type: c7gn\.medium isn't offered .*: set another\. The existing mach/,
    );
    // A stopped machine can start as another type of the same architecture.
    const { refusals: ofOther } = await told({ machine: { type: "c7gn.large" } });
    assert.match(ofOther.join(), /^machine\.type: c7gn\.large isn't offered .*: set another$/);
    assert.deepEqual((await told({ machine: { type: "c7g.large" } })).refusals, []);
    // Another subnet replaces the machine.
    const { refusals: replaced } = await told({ network: { vpc, subnet: "subnet-0ccccccccccccccc0" } });
    assert.match(
      replaced.join(),
      /machine\.image: .* This update would replace the machine, which is deleted first/,
    );
    assert.match(replaced.join(), /machine\.type: .* This update would replace the machine/);
    const { refusals: another } = await told({ machine: { image, type: "c7g.medium" } });
    assert.deepEqual(another, []);
  });

  test("isn't called gone while AWS doesn't answer, and no message says to replace the machine", async () => {
    for (const details of [
      "api error RequestLimitExceeded: Request limit exceeded.",
      "api error UnauthorizedOperation: You are not authorized to perform this operation.",
      "context deadline exceeded",
    ]) {
      assert.deepEqual(await told(details), [
        `machine.image: can't check the image ${keptImage}: ${details}`,
      ]);
    }
  });
});
