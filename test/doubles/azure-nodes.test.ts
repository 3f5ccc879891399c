/** The double must change nodes as AKS does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { registerEncryptionAtHost } from "./azure/features.ts";
import { autoscale } from "./azure/node-pools.ts";
import { limit, restrict } from "./azure/sizes.ts";
import { make, ownPool, withPool } from "./azure-cluster-things.ts";
import type { Thing } from "./cloud.ts";
import type { Inputs } from "./values.ts";

test("upgrades a cluster by one minor version, and refuses another size of its nodes", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.cluster as Thing;
  const at = (version: string, change: Inputs = {}) => ({
    ...inputs,
    kubernetesVersion: version,
    agentPoolProfiles: [{ ...ownPool, orchestratorVersion: version, ...change }],
  });
  cloud.keep({ ...(things.cluster as Thing), inputs: at("1.34") });
  assert.throws(() => cloud.update(type, id, at("1.36"), ""), /OperationNotAllowed/);
  cloud.update(type, id, at("1.35"), "");
  assert.throws(() => cloud.update(type, id, at("1.34"), ""), /OperationNotAllowed/);
  const larger = at("1.35", { vmSize: "Standard_D8pls_v6" });
  const vmSize = [["agentPoolProfiles[0].vmSize", { replaces: false }]];
  assert.deepEqual([...cloud.diff(type, at("1.35"), larger)], vmSize);
  assert.throws(() => cloud.update(type, id, larger, ""), /PropertyChangeNotAllowed/);
});

test("accepts only the pool's current number of nodes in an update, or the number in the autoscaler's range that is nearest to it", () => {
  const { cloud, things } = make();
  const cluster = things.cluster as Thing;
  const update = (count: number | undefined, minCount: number, maxCount: number) =>
    cloud.update(
      cluster.type,
      cluster.id,
      { ...cluster.inputs, agentPoolProfiles: [{ ...ownPool, count, minCount, maxCount }] },
      "",
    );
  autoscale(cloud, cluster, 4);
  assert.throws(() => update(4, 5, 6), /InvalidParameter: count 5, 4, 6/);
  assert.throws(() => update(4, 2, 3), /InvalidParameter: count 2, 4, 3/);
  assert.throws(() => update(2, 2, 5), /Cannot manually scale AgentPool nodes, which has 4 nodes, to 2/);
  assert.throws(() => update(undefined, 2, 5), /InvalidParameter/);
  update(4, 2, 5);
  update(5, 5, 6);
  update(4, 2, 4);
});

test("refuses encryption at host until the subscription has the feature, and for a size that doesn't support it", () => {
  const { cloud, things } = make();
  const { type, inputs } = things.cluster as Thing;
  const again = (change: Inputs = {}) =>
    cloud.create(type, "again", { ...inputs, ...withPool({ enableEncryptionAtHost: true, ...change }) }, "");
  assert.throws(again, /InvalidParameter: .* feature is not enabled for this subscription/);
  registerEncryptionAtHost(cloud);
  assert.throws(() => again({ vmSize: "Standard_D4_v3" }), /'Standard_D4_v3' does not support encryption at/);
  again();
});

test("refuses nodes that the subscription can't get, and nodes above its quota", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.cluster as Thing;
  const again = (change: Inputs) => cloud.create(type, "again", { ...inputs, ...withPool(change) }, "");
  restrict(cloud, "Standard_D4ps_v6", "westeurope", ["3"]);
  const other = { vmSize: "Standard_D4ps_v6" };
  assert.throws(() => again({ ...other, availabilityZones: ["2", "3"] }), /SkuNotAvailable: .* zones '2,3'/);
  again({ ...other, availabilityZones: ["1", "2"] });
  // There are two nodes of each size.
  limit(cloud, "cores", "westeurope", 20);
  const grown = (count: number) =>
    cloud.update(
      type,
      id,
      { ...inputs, agentPoolProfiles: [{ ...ownPool, count, minCount: count, maxCount: count }] },
      "",
    );
  assert.throws(() => grown(4), /InsufficientVCPUQuota: .* requested 16, remaining 12 for family cores/);
  grown(3);
});
