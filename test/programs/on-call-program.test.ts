/** The program `registry-cache`, with scripts in place of podman and kubectl: what it refuses, and how it shows their answers. test/e2e/alerts.test.ts runs it with a real Pod. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import fc from "fast-check";
import { podPorts } from "../../components/config/ports.ts";
import {
  commands,
  type OnKubernetes,
  type OnPodman,
  onCallProgram,
  probeParameters,
  testImage,
} from "../../components/hosts/oncall/program.ts";
import { type FakePrograms, fakePrograms } from "../support/fake-programs.ts";
import { scope } from "../support/scope.ts";

const common = {
  region: "eu-central-1",
  endpoint: "https://cache.example.com",
  internalPort: 15000,
  probe: probeParameters("cache.example.com", { port: 443 }),
  runbookUrl: "https://runbooks.example.com/{alert}",
};
const local: OnPodman = { ...common, host: "local", data: "/none/data", state: "/none/state" };
const kubernetes: OnKubernetes = { ...common, host: "kubernetes", context: "prod", namespace: "caches" };

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const headers = (status: string, more = "") => `  HTTP/1.1 ${status}\\n${more}`;

/** The edge's answers in the form of busybox's wget, by the last part of the URL. */
const answers = {
  latest: `${headers("200 OK", "  Content-Length: 300\\n  X-Cache: HIT\\n")}{"manifests":[{"digest":"${digestOf("1")}"},{"digest":"${digestOf("2")}"}]}`,
  [digestOf("1")]:
    `${headers("200 OK", "  Content-Length: 400\\n  X-Cache: MISS\\n")}{"config":{"digest":"${digestOf("a")}"},\\n  "layers":[{"digest": "${digestOf("b")}"},{"digest":"${digestOf("b")}"}]}`,
  [digestOf("a")]: `${headers("200 OK", "  Content-Length: 2000\\n  X-Cache: HIT\\n")}${"a".repeat(64)}  -`,
  [digestOf("b")]:
    `${headers("200 OK", "  Content-Length: 3000000\\n  X-Cache: MISS\\n")}${"b".repeat(64)}  -`,
};

/** @param overrides answers that replace others, by the last part of the URL */
function podman(
  overrides: Readonly<Record<string, string>> = {},
  health = "probe_success 1\\nprobe_http_status_code 200",
): string {
  const cases = Object.entries({ ...answers, ...overrides }).map(
    ([name, answer]) => `*/${name}|*/${name}\\?*) printf '${answer}\\ntook: 10.00 10.25\\n' ;;`,
  );
  return `
case "$*" in
  "ps "*--format*) printf '%s\\n' blackbox edge exporter origin-gsoci prometheus ;;
  "ps "*) echo id ;;
  "exec id wget "*/probe*) printf '${health}\\nprobe_ssl_earliest_cert_expiry 4e+09\\n' ;;
  "exec id sh "*) case "$7" in
    ${cases.join("\n    ")}
    *) printf '  HTTP/1.1 404 Not Found\\nwget: server returned error: HTTP/1.1 404 Not Found\\ntook: 1 1\\n' ;;
    esac ;;
  "exec id promtool "*) echo 'ALERTS{alertname="Watchdog", alertstate="firing"} => 1 @[1]'; echo 'ALERTS{alertname="RegistryCacheSlow", upstream="gsoci"} => 1 @[1]' ;;
  "logs "*) echo '{"uri":"/v2/team/app/manifests/latest?ns=gsoci.azurecr.io","status":"200","kind":"tag"}'; echo '{"uri":"/v2/team/app/manifests/9","status":"404","kind":"tag"}' ;;
esac`;
}

interface Ran {
  readonly exitCode: number | undefined;
  readonly all: string;
  readonly calls: readonly string[];
}

async function run(
  options: OnPodman | OnKubernetes,
  programs: FakePrograms,
  ...args: readonly string[]
): Promise<Ran> {
  const program = join(programs.directory, "registry-cache");
  await writeFile(program, onCallProgram(options));
  const { exitCode, all } = await execa("sh", [program, ...args], {
    env: programs.env,
    reject: false,
    all: true,
  });
  return { exitCode, all, calls: (await programs.calls()).map((call) => call.join(" ")) };
}

test("the ports of its questions are those of Prometheus, blackbox_exporter and the edge", () => {
  const { prometheus, blackbox, edgePull } = podPorts(common.internalPort, 1);
  const offsets = [...onCallProgram(local).matchAll(/\(\(PORT \+ (\d+)\)\)/g)].map(([, offset]) =>
    Number(offset),
  );
  assert.deepEqual(
    offsets.map((offset) => common.internalPort + offset),
    [prometheus, blackbox, edgePull],
  );
});

describe("ends with 2 for an unknown command or argument, says so, and asks nobody", () => {
  const wrong: readonly (readonly string[])[] = [
    ["stauts"],
    ["status", "now"],
    ["q"],
    ["q", ""],
    ["q", "up", "down"],
    ["logs"],
    ["logs", "--help"],
    ["logs", "Edge"],
    ["logs", "edge;id"],
    ["restart", "-f"],
    ["restart", "edge", "exporter"],
    ["probe"],
    ["probe", "gsoci.azurecr.io"],
    ["probe", "https://gsoci.azurecr.io/v2/&module=endpoint"],
    ["probe", "https://gsoci.azurecr.io/\nhttps://other.example.com/"],
    ["delete"],
    ["delete", "sha256:1"],
    ["delete", digestOf("a"), digestOf("b")],
    ["pull", "a", "b"],
    ["pull", ""],
    ["--replica", "1", "status"],
  ];
  for (const args of wrong) {
    test(JSON.stringify(args), async (t) => {
      const programs = scope(t).use(await fakePrograms({ podman: "exit 99" }));
      const { exitCode, all, calls } = await run(local, programs, ...args);
      assert.equal(exitCode, 2, all);
      assert.match(all, /^registry-cache: /);
      assert.deepEqual(calls, []);
    });
  }
});

test("lists in its help each command that oncall passes on, and no other", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: "exit 99", kubectl: "exit 99" }));
  const named = new Set<string>();
  for (const options of [local, kubernetes]) {
    const { all } = await run(options, programs, "help");
    for (const [, name = ""] of all.matchAll(/^ {2}([a-z]+)\b/gm)) named.add(name);
  }
  assert.deepEqual([...named].sort(), [...commands].sort());
});

test("ends with 2 for a missing container and names the others, and ends with 1 if there are none", async (t) => {
  const parts = scope(t);
  const some = await run(local, parts.use(await fakePrograms({ podman: podman() })), "logs", "edgy");
  assert.equal(some.exitCode, 2);
  assert.match(some.all, /there is no container edgy, but blackbox edge exporter origin-gsoci prometheus/);
  for (const args of [["logs", "edge"], ["parts"]]) {
    const none = await run(local, parts.use(await fakePrograms({ podman: "" })), ...args);
    assert.equal(none.exitCode, 1);
    assert.match(none.all, /`registry-cache startup` says/);
  }
});

test("passes only known options on to logs", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: podman() }));
  const { exitCode, calls } = await run(local, programs, "logs", "edge", "--tail", "30", "--since", "1h");
  assert.equal(exitCode, 0);
  assert.equal(calls.at(-1), "podman logs --tail=30 --since=1h id");
  for (const option of [["--tail"], ["--tail", "1 x"], ["--since", "yesterday"], ["--names"], ["exporter"]]) {
    assert.equal((await run(local, programs, "logs", "edge", ...option)).exitCode, 2, `${option}`);
  }
});

test("builds a URL only from a valid image name", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: "exit 99" }));
  const odd = fc.oneof(
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }).map((text) => `team/app${text}`),
    fc.constantFrom(
      ...[
        "../app",
        "team/app:1?ns=x",
        "team/app@sha256:1",
        "team//app",
        "Team/App",
        "team/app:",
        "team/app\n",
      ],
      ...[
        "team/app:1\nteam/app:2",
        "$(id)",
        "`id`",
        "-O/etc/passwd",
        "a b",
        "team/app%2e%2e",
        "https://a.b/c",
      ],
    ),
  );
  const valid =
    /^(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
  await fc.assert(
    fc.asyncProperty(
      odd.filter((text) => !valid.test(text)),
      async (image) => {
        const { exitCode, calls } = await run(local, programs, "pull", image);
        assert.deepEqual([exitCode, calls], [2, []]);
      },
    ),
    { numRuns: 40 },
  );
});

describe("pull", () => {
  test("counts what arrived and from where, and each layer once", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: podman() }));
    const { exitCode, all, calls } = await run(local, programs, "pull", "gsoci.azurecr.io/team/app");
    assert.equal(exitCode, 0, all);
    assert.deepEqual(
      all.split("\n").map((line) => line.trim().split(/ {2,}/).join(" | ")),
      [
        "HIT | 300 bytes | 0.25 s | manifest of gsoci.azurecr.io/team/app",
        `MISS | 400 bytes | 0.25 s | manifest ${digestOf("1")}, the first of the index`,
        `HIT | 2000 bytes | 0.25 s | blob ${digestOf("a")}`,
        `MISS | 3000000 bytes | 0.25 s | blob ${digestOf("b")}`,
        "4 answers, 2 of them hits, 3.0 MB in 1.0 s",
      ],
    );
    const asked = calls.flatMap((call) => call.match(/http:\/\/127\.0\.0\.1:15007\S*/)?.[0] ?? []);
    assert.equal(asked[0], "http://127.0.0.1:15007/v2/team/app/manifests/latest?ns=gsoci.azurecr.io");
    assert.equal(
      asked.at(-1),
      `http://127.0.0.1:15007/v2/team/app/blobs/${digestOf("b")}?ns=gsoci.azurecr.io`,
    );
  });

  test("uses the configuration's image, or the one that clients requested last", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: podman() }));
    assert.match(
      (await run(local, programs, "pull")).all,
      /manifest of gsoci\.azurecr\.io\/team\/app:latest/,
    );
    const image = testImage([
      { registry: "a.example.com" },
      { registry: "b.example.com", probe: "team/small:latest" },
    ]);
    const { all, calls } = await run({ ...local, image }, programs, "pull");
    assert.match(all, /manifest of b\.example\.com\/team\/small:latest/);
    assert.ok(calls.some((call) => call.includes("/v2/team/small/manifests/latest?ns=b.example.com ")));
  });

  test("finds the path of an image's name in any form", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: podman() }));
    for (const [image, path] of Object.entries({
      "team/app": "/v2/team/app/manifests/latest ",
      "team/app:1.2": "/v2/team/app/manifests/1.2 ",
      "localhost/team/app:1.2": "/v2/team/app/manifests/1.2?ns=localhost ",
      "registry.example.com:5000/app": "/v2/app/manifests/latest?ns=registry.example.com:5000 ",
      [`a.example.com/app:1@${digestOf("1")}`]: `/v2/app/manifests/${digestOf("1")}?ns=a.example.com `,
    })) {
      const before = (await programs.calls()).length;
      const { calls } = await run(local, programs, "pull", image);
      assert.ok(
        calls.slice(before).some((call) => call.includes(`:15007${path}`)),
        `${image}: ${calls.slice(before).join("\n")}`,
      );
    }
  });

  for (const [what, answer] of Object.entries({
    "a blob that the cache hasn't": headers("404 Not Found"),
    "a blob that is another one": `${headers("200 OK", "  X-Cache: HIT\\n")}${"c".repeat(64)}  -`,
    "a blob that breaks off": `${headers("200 OK")}wget: error getting response`,
    "no answer": "wget: can not connect to remote host (127.0.0.1): Connection refused",
  })) {
    test(`reports ${what} as a failure, and pulls the rest`, async (t) => {
      const programs = scope(t).use(await fakePrograms({ podman: podman({ [digestOf("a")]: answer }) }));
      const { exitCode, all } = await run(local, programs, "pull", "team/app");
      assert.equal(exitCode, 1);
      assert.match(all, new RegExp(`blob ${digestOf("a")}: FAILED, `));
      assert.match(all, new RegExp(`blob ${digestOf("b")}$`, "m"));
    });
  }

  test("first says if the endpoint isn't healthy", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: podman({}, "probe_success 0") }));
    assert.match(
      (await run(local, programs, "pull", "team/app")).all,
      /^The endpoint itself does not answer/,
    );
  });
});

test("deletes an object of any upstream from the edge's disk, and fails if it isn't there", async (t) => {
  const parts = scope(t);
  const doubleOf = (found: string) => `case "$*" in
  "ps "*--format*) printf '%s\\n' edge origin-gsoci origin-quay prometheus ;;
  "ps "*) echo id ;;
  "exec id sh -c "*) ${found} ;;
esac`;
  const here = parts.use(await fakePrograms({ podman: doubleOf("echo /var/cache/registry-cache/blobs/a") }));
  const { exitCode, all, calls } = await run(local, here, "delete", digestOf("a"));
  assert.equal(exitCode, 0, all);
  assert.equal(all, "deleted /var/cache/registry-cache/blobs/a");
  assert.match(calls.at(-1) ?? "", new RegExp(` sh ${digestOf("a")} gsoci quay$`));
  const absent = await run(
    local,
    parts.use(await fakePrograms({ podman: doubleOf(":") })),
    "delete",
    digestOf("a"),
  );
  assert.equal(absent.exitCode, 1);
  assert.match(absent.all, /^registry-cache: the edge doesn't have sha256:a/);
});

test("says what it has deleted, and fails, if the disk refuses a deletion", async (t) => {
  const key = (kind: string) =>
    createHash("md5")
      .update(`${kind} quay ${digestOf("a")}`)
      .digest("hex");
  const files = ["blob", "pinned", "tag"].map((kind) => `/cache/${key(kind)}`);
  const programs = scope(t).use(
    await fakePrograms({
      podman: `case "$*" in
  "ps "*--format*) printf '%s\\n' edge origin-gsoci origin-quay ;;
  "ps "*) echo id ;;
  *) shift 2; exec "$@" ;;
esac`,
      find: `printf '%s\\n' ${files.join(" ")}`,
      rm: `[ "$2" != /cache/${key("blob")} ]`,
    }),
  );
  const { exitCode, all } = await run(local, programs, "delete", digestOf("a"));
  assert.equal(exitCode, 1, all);
  assert.equal(all, `deleted /cache/${key("pinned")}`);
});

test("doesn't call an object missing if the containers can't be listed", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: "exit 125" }));
  const { exitCode, all } = await run(local, programs, "delete", digestOf("a"));
  assert.equal(exitCode, 1);
  assert.doesNotMatch(all, /doesn't have/);
});

describe("status", () => {
  test("fits on one screen: verdict, alerts with their runbooks, and the rest", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: podman() }));
    const { exitCode, all } = await run(local, programs, "status");
    assert.equal(exitCode, 0, all);
    assert.match(
      all,
      /^cache {10}eu-central-1, https:\/\/cache\.example\.com\nverdict {8}serving, with alerts\n/,
    );
    assert.match(all, /^alert {10}RegistryCacheSlow: https:\/\/runbooks\.example\.com\/RegistryCacheSlow$/m);
    assert.doesNotMatch(all, /Watchdog/);
    assert.match(all, /^container {6}edge$/m);
    assert.match(all, /^certificate {4}ends in \d+ days/m);
    assert.match(all, /^configuration {2}applied none$/m);
  });

  test("names what doesn't serve, and ends with 1", async (t) => {
    const parts = scope(t);
    const silent = await run(
      local,
      parts.use(await fakePrograms({ podman: podman({}, "probe_success 0\\nprobe_http_status_code 503") })),
      "status",
    );
    assert.equal(silent.exitCode, 1);
    assert.match(silent.all, /^verdict {8}NOT SERVING: \/v2\/ answers 503 in place of 200$/m);
    const stopped = await run(
      local,
      parts.use(await fakePrograms({ podman: "case $1 in exec) exit 255 ;; ps) echo id ;; esac" })),
      "status",
    );
    assert.equal(stopped.exitCode, 1);
    assert.match(stopped.all, /^verdict {8}NOT SERVING: nginx does not run/m);
    assert.match(stopped.all, /^alerts {9}not known: Prometheus does not run$/m);
  });

  test("knows nothing where containers can't be listed", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: "echo 'no podman' >&2; exit 125" }));
    const { exitCode, all, calls } = await run(local, programs, "status");
    assert.equal(exitCode, 1);
    assert.match(all, /^verdict {8}NOT KNOWN: the containers cannot be listed/m);
    assert.match(all, /^alerts {9}not known/m);
    assert.match(all, /^container {6}no podman$/m);
    assert.equal(calls.length, 1, "a second question would wait as long as the first");
  });

  test("asks systemd whether a machine's cache is stopped, if podman is silent", async (t) => {
    const parts = scope(t);
    const verdictOf = async (podman: string, state: string) => {
      const systemctl = `case "$*" in "is-active registry-cache") echo ${state} ;; esac`;
      const programs = parts.use(await fakePrograms({ podman, systemctl, sudo: 'shift; exec "$@"' }));
      const { all } = await run({ ...local, host: "vm" }, programs, "status");
      return all.match(/^verdict +(.*)$/m)?.[1];
    };
    const stopped = "NOT SERVING: registry-cache.service is stopped; `registry-cache restart` starts it";
    for (const silent of ["exit 125", "case $1 in exec) exit 124 ;; ps) echo id ;; esac"]) {
      assert.equal(await verdictOf(silent, "inactive"), stopped);
      assert.match((await verdictOf(silent, "active")) ?? "", /^NOT KNOWN: /);
    }
    assert.equal(await verdictOf(podman(), "inactive"), "serving, with alerts", "what answers, serves");
  });

  const edgeAnswers = `case "$*" in
  "ps "*) echo id ;;
  "exec id true") ;;
  "exec id promtool "*) PROMTOOL ;;
  "exec id wget "*) WGET ;;
esac`;
  const playing = (wget: string, promtool: string) =>
    edgeAnswers.replace("WGET", () => wget).replace("PROMTOOL", () => promtool);
  const watchdog = `echo 'ALERTS{alertname="Watchdog", alertstate="firing"} => 1 @[1]'`;

  test("concludes nothing about the cache if the probe doesn't run", async (t) => {
    const programs = scope(t).use(await fakePrograms({ podman: playing("exit 1", watchdog) }));
    const { exitCode, all } = await run(local, programs, "status");
    assert.equal(exitCode, 1);
    assert.match(all, /^verdict {8}NOT KNOWN: the probe does not run/m);
    assert.match(all, /^alerts {9}none$/m);
    assert.doesNotMatch(all, /NOT SERVING/);
  });

  test("detects a stopped edge by the probe, through another container", async (t) => {
    const stopped = `case "$*" in
  "ps "*component=edge*) echo edge-id ;;
  "ps "*) echo id ;;
  "exec edge-id "*) exit 255 ;;
  "exec id promtool "*) ${watchdog} ;;
  "exec id wget "*) printf 'probe_success 0\nprobe_http_status_code 0\n' ;;
esac`;
    const programs = scope(t).use(await fakePrograms({ podman: stopped }));
    assert.match(
      (await run(local, programs, "status")).all,
      /^verdict {8}NOT SERVING: the endpoint does not answer$/m,
    );
  });

  for (const [what, promtool] of Object.entries({
    "that doesn't answer": "exit 1",
    "that has no alert at all": ":",
  })) {
    test(`doesn't treat a Prometheus ${what} as one without alerts`, async (t) => {
      const serves = "printf 'probe_success 1\nprobe_http_status_code 200\n'";
      const programs = scope(t).use(await fakePrograms({ podman: playing(serves, promtool) }));
      const { exitCode, all } = await run(local, programs, "status");
      assert.equal(exitCode, 0, "the cache serves");
      assert.match(all, /^verdict {8}serving, alerts not known$/m);
      assert.match(all, /^alerts {9}not known: Prometheus /m);
      assert.doesNotMatch(all, /^alerts {9}none/m);
      const firing = await run(local, programs, "firing");
      assert.equal(firing.exitCode, 1, "whether all is well can't be found out");
      assert.match(firing.all, /^alerts not known: Prometheus /);
    });
  }

  test("treats a disk without free inodes as full", async (t) => {
    const df = `case $1 in
  -Ph) printf 'Filesystem Size Used Avail Use%% Mounted on\n/dev/sdb 4G 1G 3G 25%% /data\n' ;;
  -Pi) printf 'Filesystem Inodes IUsed IFree IUse%% Mounted on\n/dev/sdb 3072 3071 1 99%% /data\n' ;;
esac`;
    const programs = scope(t).use(await fakePrograms({ podman: playing("exit 1", watchdog), df }));
    const { all } = await run(local, programs, "status");
    assert.match(all, /^disk {11}\/data: 25% of 4G used, 3G free\ndisk {11}\/data: 99% of the inodes used$/m);
  });

  test("says of each disk whether it is read-only", async (t) => {
    const parts = scope(t);
    const df =
      "printf 'Filesystem Size Used Avail Use%% Mounted on\n/dev/sdb 4G 1G 3G 25%% /data\n/dev/sda 4G 1G 3G 25%% /\n'";
    const mounts = (options: string) =>
      `printf '/dev/sda / ext4 rw,errors=remount-ro 0 0\n/dev/sdb /data ext4 ${options} 0 0\n'`;
    const cat = `case $1 in /proc/mounts) ${mounts("ro,noatime")} ;; *) exec /bin/cat "$@" ;; esac`;
    const onPodman = parts.use(await fakePrograms({ podman: playing("exit 1", watchdog), df, cat }));
    const kubectl = `case "$*" in *" get pods "*) echo cache-0 ;; *" df "*) ${df} ;; *" cat /proc/mounts") ${mounts("rw,emergency_ro")} ;; esac`;
    const inCluster = parts.use(await fakePrograms({ kubectl }));
    for (const { all } of [
      await run(local, onPodman, "status"),
      await run(kubernetes, inCluster, "status"),
    ]) {
      assert.match(all, /^disk {11}\/data: 25% of 4G used, 3G free, read-only$/m);
      assert.match(all, /^disk {11}\/: 25% of 4G used, 3G free$/m);
    }
  });

  test("prints a screen, whatever hangs", async (t) => {
    const parts = scope(t);
    for (const podman of ["exec sleep 60", `case $1 in exec) exec sleep 60 ;; ps) echo id ;; esac`]) {
      const programs = parts.use(await fakePrograms({ podman }));
      const program = join(programs.directory, "registry-cache");
      const text = onCallProgram(local);
      const short = text.replace(/LIMIT=20/, "LIMIT=1");
      assert.notEqual(short, text);
      await writeFile(program, short);
      const { exitCode, all } = await execa("sh", [program, "status"], {
        env: programs.env,
        reject: false,
        all: true,
        timeout: 25_000,
      });
      assert.equal(exitCode, 1, all);
      assert.match(all, /^verdict {8}NOT (?:KNOWN|SERVING): /m);
      assert.match(all, /^configuration {2}/m);
    }
  });
});

describe("probe", () => {
  for (const [exitCode, success] of [
    [0, 1],
    [1, 0],
  ] as const) {
    test(`ends with ${exitCode} if the probe's result is ${success}, and shows its output`, async (t) => {
      const health = `Logs for the probe:\ndial tcp\n# HELP probe_success\nprobe_success ${success}`;
      const programs = scope(t).use(await fakePrograms({ podman: podman({}, health) }));
      const ran = await run(local, programs, "probe", "https://gsoci.azurecr.io/v2/");
      assert.equal(ran.exitCode, exitCode);
      assert.match(ran.all, /^dial tcp$/m);
      assert.doesNotMatch(ran.all, /^#/m);
    });
  }

  test("ends with 1 if there is no probe", async (t) => {
    const programs = scope(t).use(
      await fakePrograms({ podman: "case $1 in ps) echo id ;; *) exit 1 ;; esac" }),
    );
    assert.equal((await run(local, programs, "probe", "https://gsoci.azurecr.io/v2/")).exitCode, 1);
  });
});

test("treats a query that looks like an option as a query", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: podman() }));
  const { calls } = await run(local, programs, "q", "--help");
  assert.equal(calls.at(-1), "podman exec id promtool query instant http://127.0.0.1:15004 -- --help");
});

test("shows since when each container has been running or stopped", async (t) => {
  const programs = scope(t).use(await fakePrograms({ podman: podman() }));
  const { calls } = await run(local, programs, "parts");
  assert.match(
    calls.at(-1) ?? "",
    /\{\{if \.State\.Running\}\}\{\{\.State\.StartedAt\}\}\{\{else\}\}\{\{\.State\.FinishedAt\}\}\{\{end\}\}/,
  );
});

describe("on Kubernetes", () => {
  const kubectl = `
shift 4
case "$*" in
  "get pods "*items*phase*) printf 'cache-0 Running, edge true, prometheus false\\ncache-1 Pending\\n' ;;
  "get pods "*items*) printf 'cache-0\\ncache-1\\n' ;;
  *spec.containers*) printf 'edge\\nprometheus\\n' ;;
  "get statefulsets,"*) echo statefulset.apps/registry-cache ;;
esac`;

  test("becomes kubectl, so that whoever ends it also ends a port-forward", async (t) => {
    const programs = scope(t).use(await fakePrograms({ kubectl: "echo $$" }));
    const program = join(programs.directory, "registry-cache");
    await writeFile(program, onCallProgram(kubernetes));
    const child = execa("sh", [program, "k", "port-forward", "pod/it", "18443:8443"], { env: programs.env });
    assert.equal((await child).stdout, String(child.pid));
  });

  test("runs each command on the first or the named replica, in its context and namespace", async (t) => {
    const programs = scope(t).use(await fakePrograms({ kubectl }));
    const asked = async (...args: string[]) => (await run(kubernetes, programs, ...args)).calls.at(-1);
    const k = "kubectl --context prod --namespace caches";
    assert.equal(
      await asked("q", "up"),
      `${k} exec cache-0 --container prometheus -- promtool query instant http://127.0.0.1:15004 -- up`,
    );
    assert.equal(
      await asked("--replica", "1", "logs", "edge", "--tail", "5"),
      `${k} logs cache-1 --container edge --tail=5`,
    );
    assert.equal(await asked("--replica", "1", "restart", "edge"), `${k} delete pod cache-1`);
    assert.equal(await asked("restart"), `${k} rollout restart statefulset.apps/registry-cache`);
    assert.equal(await asked("k", "describe", "pods"), `${k} describe pods`);
    assert.equal((await run(kubernetes, programs, "--replica", "2", "q", "up")).exitCode, 1);
    assert.equal((await run(kubernetes, programs, "--replica", "x", "q", "up")).exitCode, 2);
    assert.equal((await run(kubernetes, programs, "replica", "1")).all, "cache-1");
  });

  const serves = (...pods: readonly string[]) =>
    kubectl.replace(
      "esac",
      `  ${["none", ...pods].map((pod) => `"exec ${pod} --container edge -- wget "*`).join("|")}) printf 'probe_success 1\\n' ;;
  *" -- wget "*|*" -- true") exit 1 ;;
  "exec cache-0 "*promtool*) echo 'ALERTS{alertname="Watchdog", alertstate="firing"} => 1 @[1]' ;;
  "exec cache-1 "*promtool*) exit 1 ;;
esac`,
    );

  test("asks every replica in status, and names those that don't serve", async (t) => {
    const parts = scope(t);
    const second = parts.use(await fakePrograms({ kubectl: serves("cache-1") }));
    const one = await run(kubernetes, second, "status");
    assert.equal(one.exitCode, 0, one.all);
    assert.match(one.all, /^verdict {8}serving, but not by cache-0, alerts not known$/m);
    assert.match(one.all, /^alerts {9}not known: .*cache-1/m);
    const named = await run(kubernetes, second, "--replica", "0", "status");
    assert.equal(named.exitCode, 1);
    assert.match(named.all, /^verdict {8}NOT SERVING: nginx does not run/m);
    const none = await run(kubernetes, parts.use(await fakePrograms({ kubectl: serves() })), "status");
    assert.equal(none.exitCode, 1);
    assert.match(none.all, /^verdict {8}NOT SERVING: nginx does not run/m);
    const all = await run(
      kubernetes,
      parts.use(await fakePrograms({ kubectl: serves("cache-0", "cache-1") })),
      "status",
    );
    assert.match(all.all, /^verdict {8}serving, alerts not known$/m);
  });

  test("ends firing with 1 if a replica's Prometheus doesn't answer", async (t) => {
    const programs = scope(t).use(await fakePrograms({ kubectl: serves() }));
    const { exitCode, all } = await run(kubernetes, programs, "firing");
    assert.equal(exitCode, 1);
    assert.match(all, /^cache-0:\nALERTS/);
  });

  test("waits 20 s for a silent API server", async (t) => {
    const programs = scope(t).use(await fakePrograms({ kubectl }));
    for (const command of [["parts"], ["startup"], ["certificate"], ["space"], ["status"]]) {
      const before = (await programs.calls()).length;
      const { calls } = await run(kubernetes, programs, ...command);
      const asked = calls.slice(before).filter((call) => !/ caches exec /.test(call));
      assert.notEqual(asked.length, 0);
      for (const call of asked) assert.match(call, / --request-timeout=20s$/);
    }
  });

  test("names containers that aren't ready in status", async (t) => {
    const programs = scope(t).use(await fakePrograms({ kubectl }));
    const { exitCode, all } = await run(kubernetes, programs, "status");
    assert.equal(exitCode, 1);
    assert.match(all, /^container {6}cache-0 running, not ready: prometheus$/m);
    assert.match(all, /^container {6}cache-1 pending$/m);
  });
});
