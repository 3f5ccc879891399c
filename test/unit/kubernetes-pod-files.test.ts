/** The files that a running Pod in a cluster reloads, and those that need a roll-out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderWorkload, type WorkloadObjects } from "../../components/hosts/kubernetes/objects.ts";
import { type KubernetesCase, kubernetesPlan } from "../support/kubernetes-regions.ts";

function rendered(name: KubernetesCase, change = {}): WorkloadObjects {
  return renderWorkload(kubernetesPlan(name, change));
}

/** What a change affects: ConfigMaps by container, and the workload's template. */
function changed(name: KubernetesCase, change: object): string[] {
  const partsOf = ({ configMaps, workload }: WorkloadObjects): Record<string, unknown> => ({
    ...configMaps,
    template: workload.spec.template,
  });
  const [before, after] = [partsOf(rendered(name)), partsOf(rendered(name, change))];
  return Object.keys(before).filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
}

test("reloads as much as possible in one replica on a volume", () => {
  const { configMaps } = rendered("one-volume");
  assert.deepEqual(Object.keys(configMaps["edge-live"]?.data ?? {}), ["nginx.conf", "status.html"]);
  assert.deepEqual(Object.keys(configMaps["prometheus-live"]?.data ?? {}), ["prometheus.yml", "rules.yml"]);
  for (const [part, { immutable }] of Object.entries(configMaps)) {
    assert.equal(immutable, part.endsWith("-live") ? undefined : true, part);
  }
  const inPlace = (change: object, parts: string[]) => assert.deepEqual(changed("one-volume", change), parts);
  inPlace({ freshnessSeconds: 30 }, ["edge-live"]);
  inPlace({ access: { clients: ["192.0.2.0/24"] } }, ["edge-live"]);
  const endpoint = { hostname: "other.example.com", tls: { mode: "private" } };
  inPlace({ endpoint }, ["edge-live", "prometheus-live"]);
});

test("puts reloaded files into other ConfigMaps for another Pod, so that the previous Pod doesn't see them", () => {
  const [before, after] = [{}, { scheduling: { nodeSelector: { disk: "fast" } } }].map((change) =>
    rendered("one-volume", change),
  );
  for (const part of ["edge-live", "prometheus-live"]) {
    const [one, other] = [before, after].map((objects) => objects?.configMaps[part]);
    assert.deepEqual(one?.data, other?.data);
    assert.notEqual(one?.metadata?.name, other?.metadata?.name);
  }
});

test("rolls out for several replicas, or for one with a bucket", () => {
  for (const [name, change] of [
    ["volumes", {}],
    ["own-server", { replicas: { min: 1 } }],
  ] as const) {
    const one = rendered(name, change);
    const other = rendered(name, { ...change, freshnessSeconds: 30 });
    assert.notDeepEqual(one.workload.spec.template, other.workload.spec.template, name);
  }
});
