/** The last output of `npm run local`. Its commands are for the image that was pulled, from any registry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { firstView } from "../../scripts/local/first-view.ts";
import { quickStart } from "../support/quick-starts.ts";

const registry = "gsoci.azurecr.io";
const file = "/home/me/.local/share/registry-cache/local/ca/ca.crt";
const sample = { registry, url: "http://127.0.0.1:15500" };
const upstreams = [{ name: "gsoci", ...sample, repositories: ["giantswarm/**"] }];
const endpoint = { hostname: "localhost", port: 8443 };
const outputs = {
  caches: { local: { endpoint: "https://localhost:8443", ca: { file } } },
  clients: { local: clientConfiguration({ endpoint, upstreams }) },
  monitoring: {},
};
const pullOf = (image: string) => ({ image, seconds: 0.3, bytes: 4_800_000, hits: 0, misses: 5 });

/** The commands among the lines. */
function commandsOf(view: string): string[] {
  return view
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^(?:curl|podman) /.test(line));
}

test("shows commands for the sample image if the registry can't be reached", () => {
  const image = `${registry}/giantswarm/esbuild:0.28.2`;
  const view = firstView(outputs, { seeded: sample }, [pullOf(image), pullOf(image)]);
  assert.match(view, /gsoci\.azurecr\.io can't be reached .* at http:\/\/127\.0\.0\.1:15500 takes its place/);
  assert.deepEqual(commandsOf(view), [
    `curl -fsSI --cacert ${file} 'https://localhost:8443/v2/giantswarm/esbuild/manifests/0.28.2?ns=${registry}' | grep -i x-cache`,
    `podman pull ${image}`,
  ]);
});

test("shows the quick start's commands otherwise", () => {
  const { commands } = quickStart("local");
  const image = `${registry}/giantswarm/alpine:3.24.1`;
  const view = firstView(outputs, {}, [pullOf(image), pullOf(image)]);
  assert.deepEqual(
    commandsOf(view.replaceAll("/home/me", "~")),
    commands.filter((line) => /^(?:curl|podman) /.test(line)),
  );
});

test("shows no commands without a pulled image", () => {
  const view = firstView(outputs, {}, []);
  assert.match(view, /No image was pulled/);
  assert.deepEqual(commandsOf(view), []);
});
