/** follow.sh with a double of the cloud. A Pod's own scripts have one line each, and the files that they leave show which ones ran. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { sha256 } from "../../components/hosts/naming.ts";
import { bundleText } from "../../components/hosts/podman/bundle.ts";
import { shellVariables } from "../../components/hosts/vm/user-data.ts";
import { script } from "../../components/shell/script.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const source = script(import.meta.resolve("../../components/hosts/vm/follow.sh"), "follow.sh");

/** A Pod has two parts, which are replaced in turn. After an interruption, one part is still the old one. */
const play = `[ ! -e "$STATE/stuck" ] || { echo "unhealthy: it doesn't start" >&2; [ -n "\${2-}" ] || exit 2; exit 3; }
play() { for part in one two; do sleep 0.03; echo "$1" >"$STATE/$part"; done; }
echo "\${1##*/} \${2##*/}" >>"$STATE/applied"
play "\${1##*/}"
`;

const behaviours = {
  good: play,
  refused: `echo "nginx: a line too many" >&2; echo "refused: edge doesn't accept it" >&2; exit 1`,
  "no image": `echo "image: can't pull it" >&2; exit 1`,
  "no room for its image": `echo "Error: writing blob: no space left on device" >&2; echo "image: can't pull it" >&2; exit 1`,
  "no room for its check": `echo "refused: edge: write: no space left on device" >&2; exit 1`,
  "no room for its parts": `${play}play "\${2##*/}"; echo "No space left on device" >&2; echo "unhealthy: it is full" >&2; exit 2`,
  unwell: `${play}play "\${2##*/}"; echo "unhealthy: not within 60 s" >&2; exit 2`,
  stuck: `${play}: >"$STATE/stuck"; echo "unhealthy: edge doesn't start" >&2; exit 3`,
  broken: "no-such-program",
} as const;

interface PodOptions {
  readonly apply?: keyof typeof behaviours;
  /** What machine.sh does in the mode `follow`, as shell code. @default it succeeds */
  readonly follow?: string;
  readonly prepare?: string;
  readonly region?: string;
}

interface Run {
  readonly exitCode?: number;
  readonly stderr: string;
}

class Machine {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  at(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  get environment(): Record<string, string> {
    return {
      PATH: [this.at("bin"), process.env.PATH].join(delimiter),
      STATE: this.at("state"),
      RUN: this.at("run"),
    };
  }

  follow(mode: "look" | "start" = "look"): Promise<Run> {
    return execa("sh", [this.at("follow.sh"), mode], { env: this.environment, reject: false });
  }

  /** Adds a Pod to the store. @returns its digest */
  async store(
    number: number,
    { apply = "good", follow = "", prepare = "", region = "here" }: PodOptions = {},
  ): Promise<string> {
    const text = bundleText({
      region,
      number: `${number}`,
      "apply.sh": behaviours[apply],
      "machine.sh": `echo "$1" >>"$STATE/asked"; [ "$1" != follow ] || { :; ${follow}\n}\n[ "$1" != prepare ] || { :; ${prepare}\n}`,
      "parts/edge/files/nginx.conf": "it's a $file\\\n\n\ttab",
    });
    const digest = sha256(text);
    await writeFile(this.at("store", digest), text);
    return digest;
  }

  want(text: string): Promise<void> {
    return writeFile(this.at("store", "wanted"), text);
  }

  async wantNew(number: number, options?: PodOptions): Promise<string> {
    const digest = await this.store(number, options);
    await this.want(digest);
    return digest;
  }

  async read(...path: string[]): Promise<string> {
    return (await readFile(this.at(...path), "utf8")).trim();
  }

  /** The running Pod, which must be complete, and the Pod that a boot starts. */
  async running(): Promise<string> {
    const [one, two] = await Promise.all([this.read("state/one"), this.read("state/two")]);
    assert.equal(one, two, "a whole Pod");
    assert.equal(one, basename(await readlink(this.at("state/current"))));
    return one;
  }

  /** The metrics for node_exporter, with the first digits of digests. */
  async metrics(): Promise<Record<string, string>> {
    const lines = (await this.read("run/metrics/registry-cache.prom")).split("\n");
    return Object.fromEntries(
      lines
        .map((line) => line.split(" ").toReversed())
        .map(([value = "", name = ""]) => [name.replace("registry_cache_pod_", ""), value]),
    );
  }

  async fails(reason: string): Promise<void> {
    const metrics = await this.metrics();
    assert.deepEqual(
      { failure: metrics[`failure_info{reason="${reason}"}`], outdated: metrics.outdated },
      { failure: "1", outdated: "1" },
      JSON.stringify(metrics),
    );
  }
}

async function machine(t: TestContext): Promise<Machine> {
  const parts = scope(t);
  const it = new Machine(parts.use(await tempDir()).path);
  for (const part of ["store", "bin"]) await mkdir(it.at(part));
  // In memory, because the script flushes its disk, and with it what other tests write there.
  await symlink(parts.use(await tempDir("/dev/shm")).path, it.at("state"));
  await writeFile(it.at("follow.sh"), source);
  await writeFile(it.at("machine.conf"), shellVariables({ REGION: "here" }));
  const cloud = `#!/bin/sh
case $1 in
wanted) exec cat "${it.at("store/wanted")}" ;;
pod) exec cat "${it.at("store")}/$2" ;;
esac
`;
  await writeFile(it.at("cloud"), cloud, { mode: 0o755 });
  return it;
}

/** A machine with a running Pod. */
async function served(t: TestContext): Promise<{ it: Machine; first: string }> {
  const it = await machine(t);
  const first = await it.wantNew(1);
  const { stderr } = await it.follow();
  assert.match(stderr, new RegExp(`^applied: ${first.slice(0, 12)}$`, "m"));
  return { it, first };
}

async function quiet(it: Machine): Promise<void> {
  assert.equal((await it.follow()).stderr, "");
}

test("applies another Pod once, with all its files unchanged", async (t) => {
  const { it, first } = await served(t);
  assert.equal(await it.running(), first);
  const second = await it.wantNew(2);
  await it.follow();
  assert.equal(await it.running(), second);
  assert.equal(
    await readFile(it.at("state/current/parts/edge/files/nginx.conf"), "utf8"),
    "it's a $file\\\n\n\ttab",
  );
  // apply.sh copies the file with its mode, for the Pod's user.
  const { mode } = await stat(it.at("state/current/parts/edge/files/nginx.conf"));
  assert.equal(mode & 0o777, 0o644);
  await quiet(it);
  assert.deepEqual((await it.read("state/applied")).split("\n"), [`${first} `, `${second} ${first}`]);
  const { look_time_seconds: look, applied_time_seconds: applied, ...metrics } = await it.metrics();
  assert.deepEqual(metrics, {
    [`wanted_info{digest="${second.slice(0, 12)}"}`]: "1",
    [`applied_info{digest="${second.slice(0, 12)}"}`]: "1",
    outdated: "0",
  });
  for (const time of [look, applied]) assert.ok(Math.abs(Date.now() / 1000 - Number(time)) < 60);
});

test("keeps the last good Pod and the one before it", async (t) => {
  const { it } = await served(t);
  const second = await it.wantNew(2);
  await it.follow();
  const last = await it.wantNew(3);
  await it.follow();
  assert.deepEqual((await readdir(it.at("state/pods"))).sort(), [second, last].sort());
});

test("applies only the second of two changes between two checks", async (t) => {
  const { it, first } = await served(t);
  await it.wantNew(2);
  const third = await it.wantNew(3);
  await it.follow();
  assert.deepEqual((await it.read("state/applied")).split("\n").at(-1), `${third} ${first}`);
});

for (const [what, { reason, spoil }] of Object.entries<{
  reason: string;
  spoil(it: Machine): Promise<unknown>;
}>({
  "a store that can't be reached": { reason: "unreachable", spoil: (it) => rm(it.at("store/wanted")) },
  "a pointer to nothing": { reason: "unreachable", spoil: (it) => it.want("0".repeat(64)) },
  "a pointer that is no digest": { reason: "digest", spoil: (it) => it.want(`../${"0".repeat(61)}`) },
  "an empty pointer": { reason: "digest", spoil: (it) => it.want("") },
  "a Pod that was tampered with": {
    reason: "digest",
    spoil: async (it) => {
      const digest = await it.wantNew(2);
      const text = await readFile(it.at("store", digest), "utf8");
      await writeFile(it.at("store", digest), text.replace("here", "hers"));
    },
  },
  "a Pod that is cut off": {
    reason: "digest",
    spoil: async (it) => {
      const digest = await it.wantNew(2);
      const text = await readFile(it.at("store", digest), "utf8");
      await writeFile(it.at("store", digest), text.slice(0, -10));
    },
  },
  "a Pod with a path that leads out of it": {
    reason: "digest",
    spoil: async (it) => {
      const text = bundleText({ region: "here", "a/../../../evil": "x" });
      await writeFile(it.at("store", sha256(text)), text);
      await it.want(sha256(text));
    },
  },
  "what isn't a Pod at all": {
    reason: "digest",
    spoil: async (it) => {
      await writeFile(it.at("store", sha256("[]]")), "[]]");
      await it.want(sha256("[]]"));
    },
  },
  "a Pod of another region": { reason: "region", spoil: (it) => it.wantNew(2, { region: "there" }) },
  "a full disk": {
    reason: "disk",
    spoil: async (it) => {
      await it.wantNew(2);
      const program = "#!/bin/sh\necho 'base64: write error: No space left on device' >&2\nexit 1\n";
      await writeFile(it.at("bin/base64"), program, { mode: 0o755 });
    },
  },
  "a Pod whose configuration is refused": {
    reason: "refused",
    spoil: (it) => it.wantNew(2, { apply: "refused" }),
  },
  "a Pod whose image isn't there": { reason: "image", spoil: (it) => it.wantNew(2, { apply: "no image" }) },
  "a Pod for whose image there is no room": {
    reason: "disk",
    spoil: (it) => it.wantNew(2, { apply: "no room for its image" }),
  },
  "a Pod that isn't well": { reason: "unhealthy", spoil: (it) => it.wantNew(2, { apply: "unwell" }) },
})) {
  test(`keeps the last good Pod in service, reports the failure once, and ends it with another good Pod: ${what}`, async (t) => {
    const { it, first } = await served(t);
    await spoil(it);
    assert.match((await it.follow()).stderr, new RegExp(`^failed: ${reason}, `, "m"));
    await it.fails(reason);
    assert.equal(await it.running(), first);
    for (let count = 0; count < 2; count++) {
      await quiet(it);
      await it.fails(reason);
    }
    await rm(it.at("run"), { recursive: true });
    await it.follow("start");
    assert.equal(await it.running(), first, "after a boot");
    await rm(it.at("bin/base64"), { force: true });
    const good = await it.wantNew(3);
    await it.follow();
    assert.equal(await it.running(), good);
    assert.equal((await it.metrics()).outdated, "0");
    assert.doesNotMatch(JSON.stringify(await it.metrics()), /failure/);
  });
}

for (const apply of ["unwell", "refused"] as const) {
  test(`doesn't retry a Pod that was ${apply}, even after a boot, until another one was good`, async (t) => {
    const { it } = await served(t);
    const bad = await it.wantNew(2, { apply });
    const tries = async () =>
      (await it.read("state/applied")).split("\n").filter((line) => line.startsWith(bad)).length;
    await it.follow();
    const before = await tries();
    await it.follow();
    await rm(it.at("run"), { recursive: true });
    await it.follow("start");
    await it.follow();
    assert.equal(await tries(), before);
    await it.fails(apply === "unwell" ? "unhealthy" : "refused");
    await it.wantNew(3);
    await it.follow();
    await it.want(bad);
    assert.match((await it.follow()).stderr, /^failed: /m);
  });
}

for (const apply of [
  "no image",
  "no room for its image",
  "no room for its check",
  "no room for its parts",
] as const) {
  test(`retries a Pod with ${apply} after five minutes`, async (t) => {
    const { it } = await served(t);
    const digest = await it.wantNew(2, { apply });
    await it.follow();
    await it.fails(apply === "no image" ? "image" : "disk");
    // The same digest with another result, as if the image or the space had become available.
    await writeFile(it.at("state/pods", digest, "apply.sh"), behaviours.good);
    await quiet(it);
    const sixMinutesAgo = Date.now() / 1000 - 360;
    await utimes(it.at("run/tried"), sixMinutesAgo, sixMinutesAgo);
    await it.follow();
    assert.equal(await it.running(), digest);
  });
}

test("retries at each check to restore the previous Pod, and reports the failure until it is back", async (t) => {
  const { it, first } = await served(t);
  const bad = await it.wantNew(2, { apply: "stuck" });
  await it.follow();
  await it.fails("unhealthy");
  assert.match((await it.follow()).stderr, /^failed: unhealthy, \w{12}: it doesn't start$/m);
  await it.wantNew(3, { apply: "refused" });
  await it.follow();
  await it.fails("refused");
  await it.want(bad);
  for (let look = 0; look < 2; look++) await it.follow();
  for (const wanted of [bad, first]) {
    await it.want(wanted);
    await quiet(it);
    await it.fails("unhealthy");
    assert.ok((await readdir(it.at("state"))).includes("applying"));
  }
  await rm(it.at("state/stuck"));
  assert.equal((await it.follow()).stderr, "what failed is over");
  assert.equal(await it.running(), first);
  assert.equal((await it.metrics()).outdated, "0");
  await it.want(bad);
  await quiet(it);
  await it.fails("unhealthy");
  assert.equal(await it.running(), first, "the bad one isn't tried again");
});

test("retries a failure of the store at each check, and reports when it is over", async (t) => {
  const { it, first } = await served(t);
  await rm(it.at("store/wanted"));
  await it.follow();
  await it.want(first);
  assert.equal((await it.follow()).stderr, "what failed is over");
  assert.equal((await it.metrics()).outdated, "0");
});

test("delays the Pod, and nothing else, for a secret that can't be read", async (t) => {
  const { it, first } = await served(t);
  const text = bundleText({
    region: "here",
    "apply.sh": behaviours.good,
    "machine.sh": 'echo "secret: it is away" >&2; exit 1',
  });
  await writeFile(it.at("store", sha256(text)), text);
  await it.want(sha256(text));
  assert.match((await it.follow()).stderr, /^failed: secret, \w{12}: it is away$/m);
  await it.fails("secret");
  assert.equal(await it.running(), first);
});

test("checks the store every two minutes, and reports a failure until it is over", async (t) => {
  const it = await machine(t);
  const looks = `echo look >>"$STATE/looks"; [ ! -e "$STATE/away" ] || { echo "secret: it is away" >&2; exit 1; }`;
  const count = async () => (await it.read("state/looks")).split("\n").length;
  await it.wantNew(1, { follow: looks });
  for (let look = 0; look < 3; look++) await it.follow();
  assert.equal(await count(), 1);
  const threeMinutesAgo = Date.now() / 1000 - 180;
  await utimes(it.at("run/followed"), threeMinutesAgo, threeMinutesAgo);
  await writeFile(it.at("state/away"), "");
  assert.match((await it.follow()).stderr, /^failed: secret, \w{12}: it is away$/m);
  await quiet(it);
  await it.fails("secret");
  await rm(it.at("state/away"));
  assert.equal((await it.follow()).stderr, "what failed is over");
});

for (const [what, reason, spoil] of [
  ["be found out", "unreachable", (it: Machine) => rm(it.at("store/wanted"))],
  ["be fetched", "unreachable", (it: Machine) => it.want("0".repeat(64))],
  ["be prepared", "secret", (it: Machine) => it.wantNew(2, { prepare: "exit 1" })],
  ["get its image", "image", (it: Machine) => it.wantNew(2, { apply: "no image" })],
] as const) {
  test(`follows passwords and certificates while the Pod can't ${what}`, async (t) => {
    const { it } = await served(t);
    const follows = async () =>
      (await it.read("state/asked")).split("\n").filter((mode) => mode === "follow");
    await spoil(it);
    for (let look = 0; look < 2; look++) await it.follow();
    await it.fails(reason);
    assert.equal((await follows()).length, 1);
    await rm(it.at("run/followed"));
    await it.follow();
    await it.fails(reason);
    assert.equal((await follows()).length, 2);
  });
}

test("checks what a new Pod has in the store with the next check, not before the Pod is good", async (t) => {
  const { it } = await served(t);
  await it.follow();
  await it.wantNew(2);
  for (let look = 0; look < 3; look++) await it.follow();
  const asked = ["prepare", "tidy", "follow"];
  assert.deepEqual((await it.read("state/asked")).split("\n"), [...asked, ...asked]);
});

test("checks until there is a Pod at the first start", async (t) => {
  const it = await machine(t);
  await writeFile(it.at("bin/sleep"), "#!/bin/sh\nexec /bin/sleep 0.1\n", { mode: 0o755 });
  const started = it.follow("start");
  await waitUntil("there is none", () => existsSync(it.at("run/failure")));
  const digest = await it.wantNew(1);
  const { exitCode, stderr } = await started;
  assert.equal(exitCode, 0);
  assert.match(stderr, /^failed: unreachable, /m);
  assert.equal(await it.running(), digest);
});

test("starts the last good Pod at a boot, and asks nobody", async (t) => {
  const { it, first } = await served(t);
  await rm(it.at("store"), { recursive: true });
  await rm(it.at("run"), { recursive: true });
  for (const part of ["one", "two"]) await writeFile(it.at("state", part), "nothing runs");
  assert.equal((await it.follow("start")).exitCode, 0);
  assert.equal(await it.running(), first);
});

test("returns to the last good Pod after one whose script doesn't complete", async (t) => {
  const { it, first } = await served(t);
  await it.wantNew(2, { apply: "broken" });
  await it.follow();
  await writeFile(it.at("state/one"), "half of it");
  await it.follow();
  assert.equal(await it.running(), first);
});

test("leaves one complete Pod, old or new, wherever it is killed", { timeout: 120_000 }, async (t) => {
  const { it, first } = await served(t);
  const pods = [first, await it.store(2), await it.store(3), await it.store(4, { apply: "unwell" })];
  /** A `sleep` that doesn't end while one part is replaced and the other isn't. */
  const stopsHalfway = `#!/bin/sh\ncmp -s "$STATE/one" "$STATE/two" || exec /bin/sleep 60\n`;
  let halfway = 0;
  const began = performance.now();
  await it.want(pods[1] ?? "");
  await it.follow();
  const lookMs = performance.now() - began;
  const rounds = 31;
  for (let round = 0; round <= rounds; round++) {
    const before = await it.running();
    const wanted = pods[(round + 2) % pods.length] ?? "";
    await it.want(wanted);
    const isHeld = round === 0;
    if (isHeld) await writeFile(it.at("bin/sleep"), stopsHalfway, { mode: 0o755 });
    const child = execa("sh", [it.at("follow.sh"), "look"], {
      env: it.environment,
      reject: false,
      detached: true,
    });
    let running = true;
    void child.finally(() => {
      running = false;
    });
    if (isHeld) {
      await waitUntil("a part is replaced", async () => (await it.read("state/one")) === wanted);
      await rm(it.at("bin/sleep"));
    } else {
      // Once in each part of the run, in another order than that of the Pods.
      const part = (round * 7) % rounds;
      await sleep(((part + Math.random()) / rounds) * lookMs);
    }
    if (child.pid !== undefined && running) process.kill(-child.pid, "SIGKILL");
    await child;
    if ((await readdir(it.at("state"))).includes("applying")) halfway += 1;
    const hasBooted = round % 2 === 0;
    if (hasBooted) {
      await rm(it.at("run"), { recursive: true });
      await rm(it.at("store/wanted"));
    }
    await it.follow(hasBooted ? "start" : "look");
    const after = await it.running();
    assert.ok([before, wanted].includes(after), `${round}: ${after} after ${before} and ${wanted}`);
    assert.notEqual(after, pods[3]);
  }
  await it.want(first);
  await it.follow();
  assert.equal(await it.running(), first);
  assert.deepEqual(
    (await readdir(it.at("state/pods"))).filter((name) => name.startsWith(".")),
    [],
  );
  t.diagnostic(`killed while it applied a Pod: ${halfway} times of ${rounds + 1}`);
  assert.ok(halfway > 0);
});
