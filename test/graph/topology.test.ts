/** A region keeps its topology. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { topologyProblems } from "../../components/hosts/previous-outputs.ts";
import { registeredBy } from "../support/graph.ts";
import { previousState } from "../support/previous-state.ts";

const hosts = { vm: "cloud:VmHost", cluster: "cloud:ClusterHost" };

/** The resources of the last update. */
const resources = previousState({
  "cloud:VmHost::north": { address: "192.0.2.1" },
  "cloud:ClusterHost::south": {},
});

test("keeps an existing region's topology until the region is gone", async () => {
  const told: Record<string, string[]> = {};
  await registeredBy(
    async () => {
      for (const name of ["north", "south", "east"]) {
        for (const topology of ["vm", "cluster"] as const) {
          const other = hosts[topology === "vm" ? "cluster" : "vm"];
          const problems = await topologyProblems({ name, topology }, other);
          told[`${name} ${topology}`] = problems.map(({ path, message }) => `${path}: ${message}`);
        }
      }
    },
    undefined,
    (token) => {
      assert.equal(token, "pulumi:pulumi:readStackResourceOutputs");
      return { outputs: resources };
    },
  );
  const isA = (topology: string) => [
    `topology: the region is a \`${topology}\`, and its names are taken as long as it exists: destroy it first, by \`pulumi destroy\` or an update without it`,
  ];
  assert.deepEqual(told, {
    "north vm": [],
    "north cluster": isA("vm"),
    "south vm": isA("cluster"),
    "south cluster": [],
    "east vm": [],
    "east cluster": [],
  });
});
