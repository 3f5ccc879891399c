/** The life of every stack with clusters in a cloud, from its first preview to its destruction. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { services } from "../../components/hosts/kubernetes-cluster/services.ts";
import type { Thing } from "../doubles/cloud.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import { mistakesOfEngine } from "../support/cloud-case.ts";
import type { ClusterCase } from "../support/cloud-cluster-case.ts";
import { type CloudStack, lastPart } from "../support/cloud-stack.ts";
import { clusterCases, clusterFiles, clusterStack } from "../support/cluster-files.ts";
import { allOfCluster } from "../support/in-place.ts";
import { assertSecret, credentials, privateUpstream } from "../support/private-stack.ts";
import { knownViolations, succeeds, withPolicies, withPreview } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";
import { untagged } from "../support/tags.ts";

const tags = { "cost-center": "4711", owner: "platform-team" };
const login = (password = credentials.password) => ({
  "registry-cache:team-login.username": credentials.username,
  "registry-cache:team-login.password": password,
});
const otherUpstream = { upstreams: [{ name: "quay", registry: "quay.io", repositories: ["team/**"] }] };

describe("every stack with clusters", { concurrency: true }, () => {
  for (const { file, known } of clusterFiles) {
    describe(file, { concurrency: 1 }, () => testLifecycle(file, known));
  }
});

describe("every cloud with clusters", { concurrency: true }, () => {
  for (const known of clusterCases) {
    describe(known.provider, { concurrency: 1 }, () => {
      testMistakes(known);
      testAdoption(known);
    });
  }
});

/** Each test continues from the state that the previous one leaves. */
function testLifecycle(file: string, known: ClusterCase): void {
  const parts = scope({ after });
  const account = known.newAccount();
  const { cloud, clusters } = account;
  const all = () => [...cloud.things(), ...clusters.things()];
  const versions = () => cloud.things(known.cluster).map(known.versionOf);
  // The stack's own version is the newest.
  const [older = "", newer = ""] = Object.keys(services[known.provider].supportEnds).slice(-2);
  const asked = { governance: { tags, ...known.governedNetwork }, upstreams: [privateUpstream] };
  const manyReplicas = { replicas: { min: 4, max: 5 } };
  let stack: CloudStack;

  test("previews what it would create, within the rules, and creates nothing", async () => {
    stack = parts.use(await clusterStack(file, known, account));
    await stack.configure({}, { version: older });
    const preview = await succeeds(stack, "preview", withPolicies);
    assert.deepEqual(knownViolations(preview), []);
    const { changes } = preview;
    assert.ok(changes.length > 20);
    assert.deepEqual(
      changes.filter((change) => !change.startsWith("create ")),
      [],
    );
    assert.deepEqual(stack.done(), []);
  });

  for (const [what, fault] of Object.entries(known.faults)) {
    test(`fails and says so: ${what}`, async () => {
      (fault.type?.startsWith("kubernetes:") ? clusters : cloud).fail(fault);
      const { failed, messages } = await stack.run("up");
      assert.ok(failed, messages);
      assert.ok(messages.includes(fault.error.message), messages);
    });
  }

  test("creates the rest with the next up, nothing twice, and within the rules", async () => {
    const { violations } = await succeeds(stack, "up", withPolicies);
    assert.deepEqual(violations, []);
    const made = stack.done();
    assert.deepEqual([...new Set(made)].sort(), made.sort());
  });

  if (known.earlier) {
    const { type, inputs, told } = known.earlier;
    test("keeps what an earlier version created differently", async () => {
      for (const thing of cloud.things(type))
        cloud.keep({ ...thing, inputs: { ...thing.inputs, ...inputs } });
      const state = JSON.parse(await stack.pulumi("stack", "export"));
      for (const resource of state.deployment.resources) {
        if (resource.type !== type) continue;
        Object.assign(resource.inputs, inputs);
        Object.assign(resource.outputs, inputs);
      }
      const { path } = parts.use(await tempDir());
      const file = join(path, "state.json");
      await writeFile(file, JSON.stringify(state));
      await stack.pulumi("stack", "import", "--file", file);
      const { messages } = await succeeds(stack, "up", ["--expect-no-changes"]);
      assert.match(messages, told);
    });
  }

  test("is closed except for what its configuration opens", () => {
    assert.equal(stack.regions.length, 1, "the clusters of a stack are looked at one by one");
    assert.deepEqual(
      stack.regions.flatMap((region) => known.violations(cloud.things(), region)),
      [],
    );
  });

  test("changes only the workload for another upstream", async () => {
    const kept = keptThings();
    await stack.configure(otherUpstream, { version: older });
    await succeeds(stack, "up");
    assert.deepEqual(keptThings(), kept);
    const done = stack.done();
    const roll = done.findIndex((it) => it.startsWith("update Deployment "));
    assert.ok(roll > 0, done.join("\n"));
    // The old Pods' ConfigMaps must outlive them.
    const isEarly = (change: string, index: number) => change.startsWith("delete ") && index < roll;
    assert.deepEqual(done.filter(isEarly), []);
    assert.deepEqual([...new Set(done.map((it) => it.split(" ")[1]))].sort(), ["ConfigMap", "Deployment"]);
  });

  test("has the tags and subnets that the account's owners require, even on what the cloud creates for the cluster", async () => {
    const before = cloud.things(known.cluster).map(({ id }) => id);
    known.autoscale?.(cloud, 3);
    await stack.configure(asked, { ...manyReplicas, version: older });
    await stack.setSecrets(login());
    await succeeds(stack, "up");
    assert.deepEqual(untagged(cloud, tags), []);
    for (const { inputs } of cloud.things().filter(({ type }) => type.endsWith(":VirtualNetwork")))
      assert.ok(valuesAt("subnets[*]", inputs).every((subnet) => valueAt("networkSecurityGroup.id", subnet)));
    assert.deepEqual(
      stack.regions.flatMap((region) => known.violations(cloud.things(), region)),
      [],
    );
    await succeeds(stack, "up", ["--expect-no-changes"]);
    assert.deepEqual(
      cloud.things(known.cluster).map(({ id }) => id),
      before,
    );
    stack.done();
  });

  test("stores an upstream's credentials in a Secret of the cluster, and nowhere readable", async () => {
    const secrets = clusters.things("kubernetes:core/v1:Secret").map(({ inputs }) => JSON.stringify(inputs));
    assert.equal(secrets.filter((secret) => secret.includes(credentials.password)).length, 1);
    const others = all().filter(({ type }) => type !== "kubernetes:core/v1:Secret");
    await assertSecret(stack, JSON.stringify(others));
  });

  test("upgrades Kubernetes in place, and puts another password into the same Secret", async () => {
    assert.deepEqual(versions(), [older]);
    const before = all().map(({ id }) => id);
    await stack.configure(asked, manyReplicas);
    await stack.setSecrets(login("an0ther-password"));
    await succeeds(stack, "up");
    const done = stack.done();
    const isSecret = (change: string) => /^\S+ Secret /.test(change);
    assert.deepEqual(stack.byRegion(done.filter((it) => !isSecret(it))), stack.inAllRegions(known.upgrade));
    assert.deepEqual(
      done.filter(isSecret).map((it) => it.split(" ")[0]),
      ["update"],
    );
    assert.deepEqual(versions(), [newer]);
    assert.deepEqual(
      all().map(({ id }) => id),
      before,
    );
  });

  test("refuses an earlier version in the preview", async () => {
    await stack.configure({}, { version: older });
    const { failed, messages } = await stack.run("preview");
    assert.ok(failed);
    const said = `regions[0].version: the cluster has ${newer}, and can't go back to ${older}`;
    assert.ok(messages.includes(said), messages);
    assert.deepEqual(stack.done(), []);
  });

  test("reduces the number of replicas while an autoscaler changes the nodes", async () => {
    known.autoscale?.(cloud, 6);
    await stack.configure({}, { replicas: { min: 2 } });
    await succeeds(stack, "up");
    stack.done();
  });

  test("replaces only the replicas' configuration for all changes that docs/kubernetes.md calls in place or a roll-out", async () => {
    const stays = () => keptThings().map(({ id }) => id);
    const before = stays();
    known.autoscale?.(cloud, 2);
    await stack.configure(allOfCluster.keys ?? {}, allOfCluster.region);
    const planned = (await succeeds(stack, "preview")).changes;
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, planned);
    const kinds = [
      ...new Set(
        stack
          .done()
          .map((it) => it.split(" ").slice(0, 2).join(" "))
          .filter((it) => !it.endsWith(" ConfigMap")),
      ),
    ];
    assert.deepEqual(kinds.sort(), known.inPlace);
    assert.deepEqual(
      before.filter((id) => !stays().includes(id)),
      [],
    );
  });

  test("refuses in the preview to change a cluster to a machine", async () => {
    await stack.configure(
      {},
      { topology: "vm", version: undefined, apiAccess: undefined, replicas: undefined },
    );
    const { failed, messages } = await stack.run("preview");
    assert.ok(failed);
    assert.match(messages, /regions\[0\]\.topology: the region is a `cluster`, and its names are taken/);
    assert.deepEqual(stack.done(), []);
  });

  test("deletes a region that is renamed or removed from the file, as previewed", async () => {
    const [region] = stack.regions;
    const name = { aws: "us-west-2", azure: "northeurope" }[known.provider];
    const endpoint = { ...(region?.endpoint as object), hostname: `cache.${name}.example.com` };
    await stack.configure({}, { name, endpoint });
    const { messages, changes } = await succeeds(stack, "preview");
    assert.ok(messages.includes(`regions: ${region?.name} isn't in the stack's file any more`), messages);
    assert.ok(changes.includes(`delete ${lastPart(known.cluster)} ${region?.name}`), changes.join("\n"));
  });

  test("leaves nothing after destroy, and deletes the objects in a cluster before it and its network", async () => {
    await stack.configure({});
    known.leaveBehind?.(cloud);
    await succeeds(stack, "destroy");
    assert.deepEqual(all(), []);
    const done = stack.done().map((it) => it.split(" ").slice(0, 2).join(" "));
    const end = done.indexOf(`delete ${lastPart(known.cluster)}`);
    assert.ok(end > 0);
    const inside = done.flatMap((it, index) => (it === "delete Namespace" ? [index] : []));
    assert.ok(inside.length > 0 && inside.every((index) => index < end));
    for (const type of known.beforeCluster) assert.ok(done.indexOf(`delete ${type}`) > end, type);
  });

  /** All resources as they are, except for the objects that a roll-out changes, and Auto Mode's nodes, which come and go with the Pods. */
  function keptThings(): Thing[] {
    return all().filter(({ type }) => !["ConfigMap", "Deployment", "node"].includes(lastPart(type)));
  }
}

function testMistakes(known: ClusterCase): void {
  const parts = scope({ after });
  let stack: CloudStack;

  for (const [what, { keys = {}, region, told }] of mistakesOfEngine(known.mistakes)) {
    test(`reports ${what} before it creates anything`, async () => {
      stack ??= parts.use(await clusterStack(known.file, known, known.newAccount()));
      await stack.configure(keys, region);
      const { failed, messages } = await stack.run("up", [withPreview]);
      assert.ok(failed);
      for (const text of told) assert.match(messages, text);
      assert.doesNotMatch(messages, /\n +at /, "no stack trace");
      assert.deepEqual(stack.done(), []);
    });
  }
}

function testAdoption(known: ClusterCase): void {
  const parts = scope({ after });

  test("uses an existing network unchanged, and a second up does nothing", async () => {
    const account = known.newAccount();
    const { cloud } = account;
    const adopted = () => cloud.definition.existing.map(({ type, id, scope }) => cloud.find(type, id, scope));
    const before = adopted();
    const stack = parts.use(await clusterStack(known.file, known, account));
    await stack.configure({ governance: known.governed }, known.adopting);
    for (const args of [[], ["--expect-no-changes"]]) await succeeds(stack, "up", args);
    assert.deepEqual(adopted(), before);
    const made = cloud.things().map(({ type }) => lastPart(type));
    assert.deepEqual(
      known.adoptedTypes.filter((type) => made.includes(type)),
      [],
    );
    if (known.staysThere) {
      await stack.configure({ governance: known.governed });
      assert.match((await stack.run("preview")).messages, known.staysThere);
    }
    await succeeds(stack, "destroy");
    assert.deepEqual(cloud.things(), []);
  });
}
