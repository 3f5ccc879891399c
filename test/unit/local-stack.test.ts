import assert from "node:assert/strict";
import { test } from "node:test";
import { directoriesIn } from "../../scripts/local/stack.ts";

test("the data is where the stack's state says, each directory once", () => {
  const resources = [
    { type: "registry-cache:index:RegionalCache" },
    { type: "pulumi-nodejs:dynamic/local:EndpointCertificate", inputs: { directory: "/data/one" } },
    { type: "pulumi-nodejs:dynamic/local:PodmanPod", inputs: { directory: "/data/one" } },
    { type: "pulumi-nodejs:dynamic/local:PodmanPod", inputs: { directory: "/data/two" } },
  ];
  assert.deepEqual(directoriesIn(JSON.stringify({ deployment: { resources } })), ["/data/one", "/data/two"]);
  assert.deepEqual(directoriesIn(JSON.stringify({ deployment: {} })), []);
});
