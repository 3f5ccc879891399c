import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LocalPodSecrets, localPod } from "../../components/hosts/local/local-pod.ts";
import {
  claimedPorts,
  claimsText,
  type LocalPlan,
  layout,
  planLocal,
} from "../../components/hosts/local/plan.ts";
import { isAsWanted } from "../../components/hosts/local/podman-pod.ts";
import { sha256 } from "../../components/hosts/naming.ts";
import { bundleParts } from "../../components/hosts/podman/bundle.ts";
import { planRequest } from "../support/plan-request.ts";

const request = planRequest("local", {
  provider: "local",
  regions: [{ name: "local", dataDir: "/data" }],
  upstreams: [{ name: "one", registry: "one.example.com", repositories: ["**"], credentials: "login" }],
  login: { username: "u", password: { secure: "v1:x" } },
});
const { plan } = planLocal(request);
const { region, upstreams } = plan;
const secrets: LocalPodSecrets = {
  credentials: { login: { username: "reader", password: "hunter2" } },
};
const pod = localPod(plan, secrets);

/** The containers whose Pods are replaced after a change of the plan. */
function replacedBy(change: Partial<LocalPlan & LocalPodSecrets>): string[] {
  const changed = localPod({ ...plan, ...change }, { ...secrets, ...change });
  const before = new Set(partsOf(pod).map((part) => part.pod));
  return partsOf(changed).flatMap((part) => (before.has(part.pod) ? [] : [part.container]));
}

function partsOf({ bundle }: typeof pod) {
  return bundleParts(JSON.parse(bundle));
}

test("replaces only the container that can't reload a change", () => {
  const { endpoint } = region;
  const changes: Record<string, [Partial<LocalPlan & LocalPodSecrets>, string[]]> = {
    "client ranges": [{ region: { ...region, access: { ...region.access, clients: ["192.0.2.0/24"] } } }, []],
    freshness: [{ region: { ...region, freshnessSeconds: 5 } }, []],
    repositories: [{ upstreams: upstreams.map((it) => ({ ...it, repositories: ["team/**"] })) }, []],
    labels: [{ monitoring: { ...plan.monitoring, labels: { installation: "one" } } }, []],
    password: [{ credentials: { login: { username: "reader", password: "hunter3" } } }, []],
    port: [{ region: { ...region, endpoint: { ...endpoint, port: 9443 } } }, []],
    image: [{ images: { ...plan.images, exporter: "mirror.example.com/exporter:1" } }, ["exporter"]],
    "the edge's image, which the janitor shares": [
      { images: { ...plan.images, edge: "mirror.example.com/edge:1" } },
      ["edge", "janitor"],
    ],
    "an upstream's address": [
      { upstreams: upstreams.map((it) => ({ ...it, url: "https://mirror.example.com" })) },
      ["origin-one"],
    ],
  };
  for (const [what, [change, replaced]] of Object.entries(changes)) {
    assert.deepEqual(replacedBy(change), replaced, what);
  }
});

test("makes the same bundle from the same plan", () => {
  const again = localPod(planLocal(structuredClone(request)).plan, structuredClone(secrets));
  assert.equal(again.bundle, pod.bundle);
});

test("finds the Pods as wanted if the bundle was applied and all of them run", () => {
  const digest = sha256(pod.bundle);
  const states = Object.fromEntries(partsOf(pod).map((part) => [part.pod, "running"]));
  const [edge = ""] = Object.keys(states).filter((name) => /-edge-[0-9a-f]{12}$/.test(name));
  assert.ok(isAsWanted(pod, { digest, states }));
  assert.ok(!isAsWanted(pod, { digest: "another", states }));
  assert.ok(!isAsWanted(pod, { digest, states: { ...states, [edge]: "exited" } }));
  const { [edge]: _, ...withoutEdge } = states;
  assert.ok(!isAsWanted(pod, { digest, states: withoutEdge }));
});

test("has credentials in their file and nowhere else", () => {
  const { secrets: files, ...open } = pod;
  assert.doesNotMatch(JSON.stringify(open), /hunter2|reader/);
  const [[path, secret = ""] = []] = Object.entries(files);
  assert.equal(path, "/data/secrets/credentials-one/get");
  assert.deepEqual(JSON.parse(secret), { ServerURL: "", Username: "reader", Secret: "hunter2" });
});

test("says in a bundle which ports its Pods use", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65535 }),
      fc.integer({ min: 1, max: 60000 }),
      fc.integer({ min: 1, max: 50 }),
      (port, internalPort, upstreamCount) => {
        const changed = { ...region, internalPort, endpoint: { ...region.endpoint, port } };
        const place = layout(changed, new Array(upstreamCount).fill(upstreams[0]));
        assert.deepEqual(
          claimedPorts(claimsText(place)),
          place.claims.map((claim) => claim.port),
        );
      },
    ),
  );
  assert.deepEqual(claimedPorts(""), []);
  assert.equal(JSON.parse(pod.bundle).ports, claimsText(plan.place));
});

test("stores the data in the directory of XDG, unless the region names one", (t) => {
  const { XDG_DATA_HOME, HOME } = process.env;
  t.after(() => Object.assign(process.env, { XDG_DATA_HOME: XDG_DATA_HOME ?? "", HOME }));
  const { dataDir: _, ...unsaid } = region;
  const directory = () => layout(unsaid, upstreams).directory;
  process.env.XDG_DATA_HOME = "/xdg";
  assert.equal(directory(), "/xdg/registry-cache/local");
  process.env.XDG_DATA_HOME = "not/absolute";
  process.env.HOME = "/home/me";
  assert.equal(directory(), "/home/me/.local/share/registry-cache/local");
  assert.equal(layout(region, upstreams).directory, "/data");
});
