/** The configuration of the container that prefetches. test/e2e/prefetch.test.ts tests what it does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { imagesOf } from "../../components/config/images.ts";
import { isSideContainer } from "../../components/hosts/kubernetes/probes.ts";
import type { PodPrefetch } from "../../components/pod/options.ts";
import { renderPod } from "../../components/pod/pod.ts";
import type { ObjectStore } from "../../components/pod/store.ts";
import { podOptions } from "../support/pod-options.ts";

const upstream = (registry: string) => ({
  name: registry.split(".")[0] ?? "",
  registry,
  url: `https://${registry}`,
  repositories: ["**"],
});
const upstreams = [upstream("one.example.com:5000"), upstream("two.example.com")];
const prefetch: PodPrefetch = {
  references: [
    { registry: "one.example.com:5000", repository: "app", reference: "1.*" },
    { registry: "two.example.com", repository: "team/app", reference: `sha256:${"0".repeat(64)}` },
  ],
  platforms: "all",
  everyMinutes: 60,
  mbps: 200,
  workingSetGiB: 1.5,
};
const store: ObjectStore = { kind: "s3", bucket: "blobs", region: "eu-central-1", delivery: "proxied" };

function rendered(change: { prefetch?: PodPrefetch; store?: ObjectStore }) {
  const { pod, configMaps, live } = renderPod(podOptions({ upstreams, ...change }));
  const files = (part: string) =>
    configMaps.find(({ metadata }) => metadata?.name === `cache-${part}`)?.data ?? {};
  return { containers: pod.spec?.containers ?? [], files, live };
}

test("requests from the edge by the upstreams' paths, and reloads another list while it runs", () => {
  const { files, live } = rendered({ prefetch });
  const [first, second] = (files("prefetch").list ?? "").split("\n");
  assert.equal(first, "one app app 1.* -");
  assert.equal(second, `two two.example.com/team/app team/app sha256:${"0".repeat(64)} -`);
  assert.equal(files("prefetch").settings, "everyMinutes 60\nmbps 200\nplatforms all\nworkingSetMiB 1536\n");
  assert.deepEqual(live.prefetch, { files: ["list", "settings"] });
});

test("requests from the registries that know only the bucket if there is one, without a limit of space", () => {
  const { files } = rendered({ prefetch, store });
  assert.deepEqual(
    (files("prefetch").list ?? "").split("\n").map((line) => line.split(" ").at(-1)),
    ["127.0.0.1:15014/one/v2", "127.0.0.1:15015/two/v2", ""],
  );
  assert.doesNotMatch(files("prefetch").settings ?? "", /workingSet/);
});

test("has neither container nor image without a list", () => {
  const { containers } = rendered({});
  assert.ok(containers.every(({ name }) => name !== "prefetch"));
  const has = (config: { prefetch?: object }) =>
    imagesOf({ images: { prefetch: "a/b:1" }, upstreams: [], ...config }, false).includes("a/b:1");
  assert.deepEqual([has({}), has({ prefetch })], [false, true]);
});

test("lets a replica serve without it", () => {
  const container = rendered({ prefetch }).containers.find(({ name }) => name === "prefetch");
  assert.ok(container);
  assert.deepEqual([isSideContainer(container, false), isSideContainer(container, true)], [true, true]);
});
