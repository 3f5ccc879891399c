import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { claimedPorts, layout, portsLabels } from "../../components/hosts/local/layout.ts";
import { type LocalPodSecrets, localPod } from "../../components/hosts/local/local-pod.ts";
import { type LocalPlan, planLocal } from "../../components/hosts/local/plan.ts";
import { isAsWanted, revisionLabel } from "../../components/hosts/local/podman-pod.ts";
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
  fingerprint: "AA:BB",
  credentials: { login: { username: "reader", password: "hunter2" } },
};
const pod = localPod(plan, secrets);

test("whatever changes what runs changes the revision, and nothing else does", () => {
  const changes: Record<string, Partial<LocalPlan & LocalPodSecrets>> = {
    certificate: { fingerprint: "CC:DD" },
    image: { images: { edge: "mirror.example.com/edge:1" } },
    configuration: { region: { ...region, freshnessSeconds: 5 } },
    password: { credentials: { login: { username: "reader", password: "hunter3" } } },
    upstream: {
      upstreams: upstreams.map((upstream) => ({ ...upstream, url: "https://mirror.example.com" })),
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    const changed = localPod({ ...plan, ...change }, { ...secrets, ...change });
    assert.notEqual(changed.revision, pod.revision, what);
  }
  assert.equal(
    localPod(planLocal(structuredClone(request)).plan, structuredClone(secrets)).revision,
    pod.revision,
  );
});

test("the Pod is labelled with its revision, and is as wanted with that and all containers running", () => {
  const labels = parseAllDocuments(pod.manifest).at(-1)?.toJS().metadata.labels;
  assert.equal(labels[revisionLabel], pod.revision);
  const states = Object.fromEntries(pod.containers.map((name) => [name, "running"]));
  assert.ok(isAsWanted(pod, { labels, states }));
  assert.ok(!isAsWanted(pod, { labels: { ...labels, [revisionLabel]: "another" }, states }));
  assert.ok(!isAsWanted(pod, { labels, states: { ...states, edge: "exited" } }));
  const { edge: _, ...withoutEdge } = states;
  assert.ok(!isAsWanted(pod, { labels, states: withoutEdge }));
});

test("credentials are in their file and nowhere else", () => {
  const { files = {}, ...open } = pod;
  assert.doesNotMatch(JSON.stringify(open), /hunter2|reader/);
  const [[path, secret = ""] = []] = Object.entries(files);
  assert.equal(path, "/data/secrets/credentials-one/get");
  assert.deepEqual(JSON.parse(secret), {
    ServerURL: "",
    Username: "reader",
    Secret: "hunter2",
  });
});

test("a running Pod tells by its label which ports it holds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65535 }),
      fc.integer({ min: 1, max: 60000 }),
      fc.integer({ min: 1, max: 50 }),
      (port, internalPort, upstreamCount) => {
        const changed = { ...region, internalPort, endpoint: { ...region.endpoint, port } };
        const place = layout(changed, new Array(upstreamCount).fill(upstreams[0]));
        assert.deepEqual(
          claimedPorts({ labels: portsLabels(place) }),
          place.claims.map((claim) => claim.port),
        );
      },
    ),
  );
  assert.deepEqual(claimedPorts({ labels: {} }), []);
});

test("the data is where XDG says, unless the region says where", (t) => {
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
