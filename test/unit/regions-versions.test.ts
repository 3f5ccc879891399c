import assert from "node:assert/strict";
import { test } from "node:test";
import { pinnedVersions, versionsCell, versionsOf } from "../../scripts/regions/versions.ts";

const digest = "0123456789abcdef".repeat(4);

test("names the images that differ from the pinned ones, by tag or else by digest", () => {
  assert.equal(versionsCell(versionsOf({})), "pinned");
  const own = versionsOf({
    edge: `mirror.example.com:5000/nginx:1.30.0@sha256:${digest}`,
    origin: `mirror.example.com:5000/registry@sha256:${digest}`,
    acme: "localhost/lego",
  });
  assert.equal(versionsCell(own), "edge 1.30.0, origin 01234567, acme latest");
  assert.match(pinnedVersions, /^pinned: edge 1\.\d+\.\d+\S*, origin \d+\.\d+\.\d+, /);
});

test("marks the versions while another Pod runs than the wanted one", () => {
  const versions = versionsOf({});
  assert.equal(versionsCell(versions, { wanted: digest, applied: "fedcba9876" }), "pinned, not running yet");
  for (const pod of [{ wanted: digest }, { wanted: digest, applied: digest.slice(0, 12) }])
    assert.equal(versionsCell(versions, pod), "pinned");
});
