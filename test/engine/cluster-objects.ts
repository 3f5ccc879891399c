/** A real API server accepts the objects that stacks create in their clusters. The engine's tests have a double in its place. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { KubernetesObject, V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import type { Thing } from "../doubles/cloud.ts";
import { changedPaths, type Inputs, valueAt } from "../doubles/values.ts";
import { cloudStack } from "../support/cloud-stack.ts";
import { clusterFiles } from "../support/cluster-files.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { applyCrds } from "../support/control-plane-crds.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** @param plane with the kinds of cert-manager */
export function testClusterObjects(plane: () => ControlPlane): void {
  // The kind of AKS's network.
  before(() => applyCrds(plane(), "cilium"));

  for (const { file, known } of clusterFiles) {
    describe(file, () => {
      const parts = scope({ after });
      let things: Thing[];

      before(async () => {
        const { cloud, clusters } = known.newAccount();
        const stack = parts.use(
          await cloudStack(file, cloud, { others: [clusters], programs: known.programs }),
        );
        await succeeds(stack, "up");
        things = clusters.things();
      });

      // The objects of the next file have the same names.
      after(async () => {
        const objects = things.filter(isObject).map(objectOf);
        const clusterWide = objects.filter(({ metadata }) => metadata?.namespace === undefined);
        for (const object of clusterWide) await plane().objects.delete(object);
        await waitUntil("nothing is left of them", async () => {
          const { items } = await plane().objects.list<KubernetesObject>("v1", "Namespace");
          return !items.some(({ metadata }) =>
            clusterWide.some((it) => it.metadata?.name === metadata?.name),
          );
        });
      });

      test("has objects that are accepted unchanged, with no field dropped", async () => {
        const objects = things.filter(isObject).map(objectOf);
        assert.ok(objects.some(({ kind }) => kind === "ClusterIssuer"));
        for (const object of objects) {
          const kept = await plane().objects.create(object);
          assert.deepEqual(droppedOf(object, kept), [], `${object.kind} ${object.metadata?.name}`);
        }
      });

      test("has Pods that fit into their restricted namespace", async () => {
        const pods = await waitUntil("there are Pods", async () => {
          const { items } = await plane().objects.list<V1Pod>("v1", "Pod", "registry-cache");
          return items.length === 0 ? undefined : items;
        });
        assert.equal(pods[0]?.spec?.serviceAccountName, "registry-cache");
      });
    });
  }
}

/** Whether it is an object instead of a chart's release. */
const isObject = ({ type }: Thing) => !type.startsWith("kubernetes:helm.sh/");

/** The object with the name that the provider generated. */
function objectOf({ inputs, outputs }: Thing): KubernetesObject {
  return { ...inputs, metadata: (outputs.metadata ?? inputs.metadata) as V1ObjectMeta };
}

/** The paths of fields that are missing in the stored object. */
function droppedOf(sent: KubernetesObject, kept: KubernetesObject): string[] {
  // The API server stores it as `data`.
  const { stringData: _, ...expected } = sent as Inputs;
  return changedPaths(expected, kept).filter(
    (path) =>
      !isZero(valueAt(path, expected)) &&
      valueAt(path, kept) === undefined &&
      // The client doesn't send this field, because it has another name for it.
      !(sent.kind === "NetworkPolicy" && path.endsWith(".from")),
  );
}

/** Whether a value means the same as its absence, so that the API server may leave it out. */
function isZero(value: unknown): boolean {
  return !value || (typeof value === "object" && Object.keys(value).length === 0);
}
