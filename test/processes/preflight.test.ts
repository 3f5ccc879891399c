import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { execa } from "execa";
import { podPortCount } from "../../components/config/ports.ts";
import { claimsText, planLocal } from "../../components/hosts/local/plan.ts";
import { preflight } from "../../components/hosts/local/preflight.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { fakePodman } from "../support/fake-podman.ts";
import { planRequest } from "../support/plan-request.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { previousState } from "../support/previous-state.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
import { smallDisk } from "../support/small-disk.ts";

const resources = scope({ after });
const data = resources.use(await tempDir()).path;
/** What the stack created for an earlier configuration. */
const earlier = { region: "earlier", directory: join(data, "earlier") };
const mocks = {
  newResource: ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({ id: name, state: inputs }),
  call: () => ({
    outputs: previousState({ "pulumi-nodejs:dynamic/local:PodmanPod::earlier": earlier }),
  }),
};
await pulumi.runtime.setMocks(mocks, "registry-cache", "local", false, "organization");
/** A podman that works, and has no Pod. */
const works = 'case "$1" in ps) echo "[]";; esac';

/** Plans a valid region with changes. */
async function planned(change: Record<string, unknown> = {}) {
  const request = planRequest("local", {
    provider: "local",
    regions: [
      {
        name: "local",
        dataDir: join(data, "cache"),
        storage: { kind: "disk", size: "1GiB" },
        endpoint: { port: await freePort() },
        internalPort: await freePorts(podPortCount(1)),
        ...change,
      },
    ],
    upstreams: [{ name: "one", registry: "one.example.com", repositories: ["**"] }],
  });
  return planLocal(request).plan;
}

async function problems(change: Record<string, unknown>, script = works) {
  await using _ = await fakePodman(script);
  return (await preflight(await planned(change))).problems;
}

test("reports nothing on a machine that meets the requirements", async () => {
  assert.deepEqual(await problems({}), []);
});

test("reports a data directory that can't be created", async () => {
  await using disk = await smallDisk(1);
  await execa("mount", ["-o", "remount,ro", disk.path]);
  for (const dataDir of [join(disk.path, "cache", "local"), disk.path]) {
    const message = `${disk.path} is read-only: choose a directory elsewhere`;
    assert.deepEqual(await problems({ dataDir }), [{ path: "dataDir", message }]);
  }
});

test("reports a podman that doesn't work, in its own words", async () => {
  const [problem, ...others] = await problems({}, 'echo "Error: no subuid ranges found" >&2; exit 125');
  assert.equal(problem?.path, "topology");
  assert.match(problem?.message ?? "", /`podman info` must succeed.*no subuid ranges found/);
  assert.deepEqual(others, []);
});

test("reports a missing podman", async (t) => {
  const { PATH } = process.env;
  t.after(() => Object.assign(process.env, { PATH }));
  process.env.PATH = data;
  assert.match((await preflight(await planned())).problems[0]?.message ?? "", /podman is not installed/);
});

test("names every port in use with the setting that changes it", async (t) => {
  const { port } = scope(t).use(await startServer());
  const busy = /^port \d+ is in use on this machine: choose another one/;
  const [endpoint] = await problems({ endpoint: { port } });
  assert.equal(endpoint?.path, "endpoint.port");
  assert.match(endpoint?.message ?? "", busy);
  const [internal] = await problems({ internalPort: port - 3 });
  assert.equal(internal?.path, "internalPort");
  assert.match(internal?.message ?? "", busy);
});

test("reports a port that the Pod's user may not listen on", async (t) => {
  const first = Number(await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  if (first <= 443) return t.skip("every port is open to all users here");
  const told = (await problems({ endpoint: { port: 443 } })).map(
    ({ path, message }) => `${path}: ${message}`,
  );
  assert.match(told[0] ?? "", /^endpoint\.port: port 443 is open to root only: choose \d+ or more/);
});

for (const [what, bundle, label] of [
  ["Pods", "current", undefined],
  ["Pods, begun by a run that was killed,", "pods/0123456789", undefined],
  [
    "one Pod of an earlier version",
    undefined,
    ([endpoint, first, ...others]: number[]) => `${endpoint}_${first}-${others.at(-1)}`,
  ],
] as const) {
  test(`accepts the ports of this region's own ${what}`, async (t) => {
    const { port } = scope(t).use(await startServer());
    const dataDir = resources.use(await tempDir()).path;
    const change = { dataDir, endpoint: { port }, internalPort: await freePorts(podPortCount(1)) };
    const { place } = await planned(change);
    if (bundle !== undefined) {
      await mkdir(join(dataDir, bundle), { recursive: true });
      await writeFile(join(dataDir, bundle, "ports"), claimsText(place));
    }
    const Labels = label ? { "registry-cache/ports": label(place.claims.map((claim) => claim.port)) } : {};
    const containers = JSON.stringify([{ Names: ["c"], PodName: "p", State: "running", Labels }]);
    assert.deepEqual(await problems(change, `case "$1" in ps) echo '${containers}';; esac`), []);
  });
}

test("says how to stop the stack's own cache of another name or directory if it uses the ports", async (t) => {
  const { port } = scope(t).use(await startServer());
  await mkdir(join(earlier.directory, "current"), { recursive: true });
  await writeFile(join(earlier.directory, "current", "ports"), `${port} ${port - 3}\n`);
  const containers = JSON.stringify([{ Names: ["c"], PodName: "p", State: "running", Labels: {} }]);
  const runs = `case "$*" in *instance=earlier) echo '${containers}';; *) echo "[]";; esac`;
  const [problem, ...others] = await problems({ endpoint: { port } }, runs);
  assert.deepEqual(others, []);
  assert.deepEqual(problem, {
    path: "endpoint.port",
    message: `port ${port} is that of this stack's cache earlier: take that down first, by \`npm run local -- down\` or, in a program of your own, \`pulumi destroy\`. Its data stays in ${earlier.directory}`,
  });
});

test("reports a size that the disk doesn't have, with its size", async () => {
  const [problem] = await problems({ storage: { kind: "disk", size: "9000TiB" } });
  assert.equal(problem?.path, "storage.size");
  assert.match(
    problem?.message ?? "",
    /^9216000GiB don't fit on the disk of .*cache, which has \d+GiB for it/,
  );
  const [automatic] = await problems({ storage: { kind: "disk" }, dataDir: "/proc/cache" });
  assert.match(
    automatic?.message ?? "",
    /^the 20GiB of `auto` don't fit on the disk of .*: set a smaller size/,
  );
});

test("reports a certificate that doesn't fit, with the reason", async (t) => {
  const directory = join(data, "tls");
  await mkdir(directory);
  const authority = await makeAuthority(["cache.test"], directory);
  const files = (name: string) => ({
    certificateFile: join(directory, `${name}.crt`),
    keyFile: join(directory, `${name}.key`),
  });
  await issue(authority, ["cache.test"], files("good"));
  await issue(authority, ["cache.test"], files("other"));
  await writeFile(join(directory, "text.crt"), "not a certificate");
  const port = await freePort();
  const check = (tls: object, hostname = "cache.test") =>
    problems({ endpoint: { hostname, port, tls: { mode: "provided", ...tls } } }).then(([problem]) =>
      problem === undefined ? "" : `${problem.path}: ${problem.message}`,
    );

  assert.equal(await check(files("good")), "");
  assert.match(
    await check(files("good"), "other.test"),
    /^endpoint\.tls\.certificateFile: .* is for DNS:cache\.test, not for the endpoint's hostname other\.test$/,
  );
  assert.match(
    await check({ ...files("good"), keyFile: files("other").keyFile }),
    /^endpoint\.tls\.keyFile: the key is not that of the certificate$/,
  );
  assert.match(await check(files("missing")), /can't be read: ENOENT.*missing\.crt/);
  assert.match(
    await check({ ...files("good"), certificateFile: join(directory, "text.crt") }),
    /can't be read/,
  );
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 366 * 24 * 3600 * 1000 });
  assert.match(await check(files("good")), /the certificate expired on/);
});
