import assert from "node:assert/strict";
import { test } from "node:test";
import { placesIn } from "../../scripts/local/stack.ts";

test("finds the regions and their data by the stack's state, each once", () => {
  const resources = [
    { urn: "urn:pulumi:local::registry-cache::registry-cache:index:RegionalCache::one" },
    { urn: "urn:…local:EndpointCertificate::one", inputs: { directory: "/data/one" } },
    { urn: "urn:…local:PodmanPod::one", inputs: { directory: "/data/one" } },
    { urn: "urn:…local:PodmanPod::two", inputs: { directory: "/data/two" } },
  ];
  assert.deepEqual(placesIn(JSON.stringify({ deployment: { resources } })), [
    { region: "one", directory: "/data/one" },
    { region: "two", directory: "/data/two" },
  ]);
  assert.deepEqual(placesIn(JSON.stringify({ deployment: {} })), []);
});
