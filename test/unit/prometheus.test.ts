import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import { registryUrl } from "../../components/config/upstream.ts";
import { localPod } from "../../components/hosts/local/local-pod.ts";
import { planLocal } from "../../components/hosts/local/plan.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { prometheusPart, remoteWriteSecret } from "../../components/pod/prometheus.ts";
import { planRequest } from "../support/plan-request.ts";
import { podOptions } from "../support/pod-options.ts";

const upstreams = [{ name: "one", registry: "one.example.com", repositories: ["**"] }];
const sealed = { secure: "v1:x" };
const url = "https://metrics.example.com/push";

function stack(credentials: object) {
  return {
    provider: "local",
    regions: [{ name: "local", dataDir: "/data" }],
    upstreams,
    monitoring: { remoteWrite: { url, credentials: "login" } },
    login: credentials,
  };
}

test("writes any secret in one line, which ends the configuration", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, text, (username, password) => {
      const line = remoteWriteSecret({ username, password });
      assert.ok(!line.includes("\n"));
      const configuration = `remote_write:\n  - url: ${url}\n    ${line}\n`;
      assert.deepEqual(parse(configuration), { remote_write: [{ url, basic_auth: { username, password } }] });
    }),
  );
  assert.deepEqual(parse(remoteWriteSecret({ token: "t" })), { authorization: { credentials: "t" } });
});

test("has the secret in its file and nowhere else", () => {
  const { plan } = planLocal(planRequest("local", stack({ token: sealed })));
  const podWith = (token: string) => localPod(plan, { credentials: {}, remoteWriteCredentials: { token } });
  const { secrets, ...open } = podWith("hunter2");
  assert.doesNotMatch(JSON.stringify(open), /hunter2/);
  assert.deepEqual(secrets, { "/data/secrets/remote-write/get": 'authorization: {"credentials":"hunter2"}' });
  assert.equal(podWith("hunter3").bundle, open.bundle, "another secret is no other bundle");
});

test("accepts a user or a token for remote write, and only a user for an upstream", () => {
  parseConfig(stack({ username: "reader", password: sealed }));
  parseConfig(stack({ token: sealed }));
  const withUpstream = { upstreams: upstreams.map((it) => ({ ...it, credentials: "login" })) };
  assert.throws(
    () => parseConfig({ ...stack({ token: sealed }), ...withUpstream }),
    /login\.token: unknown key/,
  );
  assert.throws(() => parseConfig(stack({ token: "plain" })), /login\.token: is not encrypted/);
});

test("refuses an invalid tenant", () => {
  const { monitoring, ...rest } = stack({ token: sealed });
  const problem = /monitoring\.remoteWrite\.tenant: is not a tenant/;
  for (const tenant of ["", "a\nb", "a b", "é"]) {
    const remoteWrite = { ...monitoring.remoteWrite, tenant };
    assert.throws(() => parseConfig({ ...rest, monitoring: { remoteWrite } }), problem);
  }
});

test("probes a manifest through the upstream's origin, unless the answer tells nothing, or counts as a pull", () => {
  const upstream = (name: string, registry: string) => ({
    name,
    registry,
    url: registryUrl(registry),
    repositories: ["team/**"],
    probe: "team/app:1.0",
  });
  const { probe: _, ...noImage } = upstream("no-image", "one.example.com");
  const jobOf = (upstreams: PodOptions["upstreams"]) => {
    const file = prometheusPart(podOptions({ upstreams })).files["prometheus.yml"] ?? "";
    const { scrape_configs } = parse(file) as { scrape_configs: { job_name: string }[] };
    return scrape_configs.find(({ job_name }) => job_name === "registry-cache-manifests");
  };
  const silent: PodOptions["upstreams"] = [
    noImage,
    upstream("hub", "docker.io"),
    { ...upstream("zot", "two.example.com"), engine: "zot" },
  ];
  assert.equal(jobOf(silent), undefined);
  const job = jobOf([...silent, upstream("asked", "three.example.com")]);
  const manifest = `team/app/manifests/sha256:${"0".repeat(64)}`;
  assert.partialDeepStrictEqual(job, {
    params: { module: ["manifests"] },
    static_configs: [
      { targets: [`http://127.0.0.1:15016/asked/v2/${manifest}`], labels: { upstream: "asked" } },
    ],
  });
});
