/** Stacks that an earlier version of this project brought up. This version changes only what is listed here, and can destroy them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { withoutContentHash } from "../../components/hosts/kubernetes/names.ts";
import type { Operation } from "../support/project.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { configure, recordedStack, type StackName, stackNames } from "./upgrade/stacks.ts";
import type { Started, State } from "./upgrade/started.ts";

/**
 * The changes that this version makes by itself, sorted. A machine of an earlier version has its Pod in its user data, and is replaced once. With it, the Pod's bucket, because the
 * stack isn't called `aws-<region>`.
 */
const updated: Partial<Record<StackName, readonly string[]>> = {
  // One Pod with all containers becomes a Pod for each container.
  "local-vm": ["update PodmanPod upgrade"],
  "aws-vm": ["eu-central-1", "eu-west-1"]
    .flatMap((region) => [
      `create BucketObjectv2 ${region}-pointer`,
      `replace Bucket ${region}`,
      `replace BucketObjectv2 ${region}`,
      `replace BucketPolicy ${region}`,
      `replace BucketPublicAccessBlock ${region}`,
      `replace Instance ${region}`,
      `replace VolumeAttachment ${region}`,
      `update MetricAlarm ${region}-reboot`,
      `update MetricAlarm ${region}-recover`,
      `update RolePolicy ${region}-pod`,
    ])
    .sort(),
  "azure-vm": [
    "replace VirtualMachine northeurope",
    "replace VirtualMachine westeurope",
    "update StorageAccount northeurope",
    "update VirtualNetwork northeurope",
  ],
  "aws-cluster": [...rollOut("us-east-1", "Deployment"), "update kubernetes us-east-1"],
  "azure-cluster": [
    ...rollOut("germanywestcentral", "Deployment"),
    "update StorageAccount germanywestcentral",
    "update VirtualNetwork germanywestcentral",
    "update kubernetes germanywestcentral",
  ],
  kubernetes: [
    ...rollOut("bucket", "Deployment"),
    ...rollOut("volumes", "StatefulSet"),
    "create Secret volumes-private-tls",
    "delete Secret volumes-tls",
    "update ConfigMap bucket-dashboard",
    "update PodMonitor bucket",
    "update PrometheusRule bucket",
    "update kubernetes bucket",
    "update kubernetes volumes",
  ].sort(),
};

/** Passwords become files, the registries serve under their own path, and manifests are probed. */
function rollOut(region: string, workload: "Deployment" | "StatefulSet"): string[] {
  const origins = ["origin", ...(workload === "Deployment" ? ["stored"] : [])];
  const containers = [
    "blackbox",
    "edge",
    "janitor",
    "prometheus",
    ...origins.flatMap((it) => [`${it}-gsoci`, `${it}-team`]),
  ];
  return [
    ...containers.map((container) => `create ConfigMap ${region}-${container}`).sort(),
    ...containers.map((container) => `delete ConfigMap ${region}-${container}`).sort(),
    `replace Secret ${region}-credentials-team`,
    `update ${workload} ${region}`,
  ];
}

/** One of the changes for another configuration, as a double and this project's own providers report it. */
const changed: Partial<Record<StackName, string>> = {
  "local-vm": "update PodmanPod upgrade",
  "aws-vm": "replace BucketObjectv2 eu-central-1",
};

/** Operations that then run, also in the dynamic provider whose code is in the state. Its imports must still resolve. */
const done: Partial<Record<StackName, readonly Operation[]>> = {
  "local-vm": ["refresh", "destroy"],
  "aws-cluster": ["destroy"],
  kubernetes: ["refresh", "up", "destroy"],
};

/** Runs by itself, because it takes all processors, and because waits between its parts have time limits. */
const alone: StackName = "kubernetes";

describe("every kind of stack", { concurrency: true }, () => {
  for (const name of stackNames) {
    if (name !== alone) describe(name, { concurrency: 1 }, () => testUpgrade(name));
  }
});

describe(alone, { concurrency: 1 }, () => testUpgrade(alone));

/** Each test continues from the state that the previous one leaves. */
function testUpgrade(name: StackName): void {
  const parts = scope({ after });
  let started: Started;

  before(async () => {
    started = parts.use(await recordedStack(name));
  });

  const expected = updated[name] ?? [];
  test(`previews ${expected.length > 0 ? "only the changes of this version" : "no changes"}`, async () => {
    const run = await started.stack.run("preview", expected.length > 0 ? [] : ["--expect-no-changes"]);
    // The engine reports a replacement as a whole, and as its two halves.
    const changes = run.changes
      .filter((change) => !/^(?:create-replacement|delete-replaced) /.test(change))
      .map(withoutContentHash);
    assert.deepEqual([...new Set(changes)].sort(), expected, run.messages);
    assert.ok(!run.failed, run.messages);
    // Outputs that may differ because of other prices, alerts, kinds of clients, or a Pod's digest.
    const unlike = ["cost", "monitoring", "clients", ...(name.endsWith("-vm") ? ["caches"] : [])];
    const outputs = run.changedOutputs.filter((output) => !unlike.includes(output));
    assert.deepEqual(outputs, [], "changed outputs");
  });

  const change = changed[name];
  if (change !== undefined) {
    test("previews the changes of another configuration", async () => {
      await configure(started, name, { freshnessSeconds: 30 });
      const { changes } = await succeeds(started.stack, "preview");
      assert.ok(changes.includes(change), changes.join("\n"));
    });
  }

  if (name === "kubernetes") {
    const region = "bucket";
    test("goes back to a version that calls ConfigMaps otherwise, by docs/upgrading.md", async () => {
      const { stack } = started;
      await succeeds(stack, "up");
      const exporter = async () => {
        const { deployment }: State = JSON.parse(await stack.pulumi("stack", "export"));
        return deployment.resources
          .map(({ urn }) => urn)
          .filter((urn) => new RegExp(`ConfigMap::${region}-(?:exporter|other)`).test(urn));
      };
      const rename = async (to: string) => {
        for (const urn of await exporter()) await stack.pulumi("state", "rename", "--yes", urn, to);
      };
      await rename(`${region}-other`);
      const { failed, messages } = await stack.run("up");
      assert.ok(failed);
      assert.match(messages, /already exists/);
      // The update has deleted nothing.
      assert.deepEqual(
        (await exporter()).map((urn) => urn.split("::").at(-1)),
        [`${region}-other`],
      );
      await rename(`${region}-exporter`);
      const { changes } = await succeeds(stack, "preview");
      assert.deepEqual(
        changes.filter((change) => change.includes("ConfigMap")),
        [],
      );
    });
  }

  for (const operation of done[name] ?? []) {
    test(`runs ${operation}`, async () => {
      await succeeds(started.stack, operation);
      if (operation === "destroy") assert.deepEqual((await started.left?.()) ?? [], []);
    });
  }
}
