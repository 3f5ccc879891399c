/** The user data of a region in AWS in a machine with Debian 13, which installs everything itself. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type AlertName, alertNames } from "../../components/config/alerts.ts";
import { metricsPort } from "../../components/config/ports.ts";
import { dataMount, stateDirectory } from "../../components/hosts/vm/user-data.ts";
import { projectDirectory } from "../support/project.ts";
import { RunbookRuns, type RunOptions } from "../support/runbook-runs.ts";
import { scope } from "../support/scope.ts";
import { clients } from "./clients.ts";
import { blankDisk } from "./data-disk.ts";
import { ensureQemu } from "./image.ts";
import { applied, applies, awsRegion, fileSystem, serves } from "./region.ts";
import { steps, storyTimeoutMs } from "./story.ts";
import { type Surroundings, surroundings } from "./surroundings.ts";

/** The environment variables CHANGES and POWER_CUTS make the test more thorough, and longer. */
const changeCount = Number(process.env.CHANGES ?? 1);
const powerCuts = Number(process.env.POWER_CUTS ?? 1);

const runs = new RunbookRuns(import.meta.filename);

test("a new machine survives other Pods, a power cut, a reboot", { timeout: storyTimeoutMs }, async (t) => {
  const parts = scope(t);
  const step = steps(t);
  await ensureQemu();
  const around = await surroundings(parts);
  const { region, ca } = await awsRegion(around);
  const first = parts.use(await region.start(await blankDisk(around.directory), { name: "first" }));
  let uuid = "";
  let fingerprint = "";
  /** Follows a runbook as somebody on call, in a session on the machine. @returns the output */
  const follow = (
    name: AlertName,
    section: "See" | "Do" | "Verify",
    options: RunOptions & { matching?: RegExp } = {},
  ) => runs.run(name, section, "vm", (script) => first.try(script), options);

  await step("installs itself, and serves a node from the upstream, then from its own store", async () => {
    await first.settled();
    t.diagnostic(`${first.seconds} s until podman and the rest are installed`);
    assert.match(await first.run("cloud-init schema --system"), /Valid schema user-data/);
    await serves(around, first, ca);
    await around.pull(ca);
    t.diagnostic(`${first.seconds} s from machine start to the first served pull`);
    assert.equal(blobsIn(around.asked()), 4);
    await around.pull(ca);
    assert.deepEqual(around.asked(), []);
    ({ fingerprint } = await around.get(443, "/v2/", ca));
    uuid = await fileSystem(first);
  });

  await step("listens only on the ports that it needs, and upgrades itself", async () => {
    const listening = await first.run("ss -Hltn | awk '{ print $4 }'");
    const open = listening.split("\n").filter((address) => !/^(127\.|\[::1\])/.test(address));
    assert.deepEqual(new Set(open.map((it) => Number(it.split(":").at(-1)))), new Set([443, metricsPort]));
    assert.match(listening, /^127\.0\.0\.1:9100$/m, "node_exporter");
    await first.until("all targets are scraped", async () => {
      const { body } = await around.get(metricsPort, "/api/v1/query?query=up", ca);
      const values: string[] = JSON.parse(body).data.result.map(
        ({ value }: { value: [number, string] }) => value[1],
      );
      return values.length > 5 && values.every((it) => it === "1");
    });
    const apt = await first.run("apt-config dump");
    assert.match(apt, /^APT::Periodic::Unattended-Upgrade "1";$/m);
    assert.match(apt, /^Unattended-Upgrade::Automatic-Reboot "true";$/m);
    assert.match(apt, /^Unattended-Upgrade::Automatic-Reboot-Time "\d\d:\d\d";$/m);
    assert.match(await first.run("podman --version"), / 5\./);
    assert.equal(await first.run("podman info --format '{{.Host.OCIRuntime.Name}}'"), "crun");
    assert.equal(await first.run(`stat -c %U:%a ${dataMount}/tls/tls.key`), "UNKNOWN:400");
  });

  await step("shows its status to the engineer on call", async () => {
    const status = await first.run("registry-cache status");
    assert.match(status, /^verdict {8}serving/m);
    assert.match(status, /^configuration {2}wanted (\w{12}), applied \1 on /m);
    const { exitCode } = await first.try("registry-cache restart nothing");
    assert.equal(exitCode, 2);
  });

  await step("restarts a killed container", async () => {
    const pid = `podman inspect --format '{{.State.Pid}}' ${region.container("edge")}`;
    const killed = await first.run(`pid=$(${pid}); kill -9 "$pid"; echo "$pid"`);
    await first.until("nginx is back", async () => !["0", killed].includes(await first.run(pid)));
    await serves(around, first, ca);
    await around.pull(ca);
    assert.deepEqual(around.asked(), [], "warm");
  });

  await step("shows the engineer on call what is wrong, and recovers after a restart", async () => {
    assert.match(
      await follow("RegistryCacheRestartLoop", "See", { matching: /list-boots/ }),
      /memory limit \d/,
    );
    await first.run("systemctl stop prometheus-node-exporter");
    const missing = "RegistryCacheTargetMissing";
    const only = { matching: /^systemctl/ };
    const seen = await follow(missing, "See", { ...only, mayFail: /^systemctl status/ });
    assert.match(seen, /inactive \(dead\)/);
    await follow(missing, "Do", only);
    await first.run("systemctl is-active prometheus-node-exporter");
    await first.run("systemctl stop registry-cache");
    // systemd stops the Pod's parts after its own service, and a draining part still serves.
    const parts = "systemctl list-units --plain --no-legend --state=active,deactivating 'registry-cache@*'";
    await first.until("the Pod has ended", async () => (await first.run(parts)) === "");
    const down = await follow("RegistryCacheDown", "See", {
      matching: /^registry-cache/,
      mayFail: /^registry-cache (?:status|parts|logs)/,
    });
    assert.match(down, /NOT SERVING/);
    await follow("RegistryCacheDown", "Do", { matching: /^registry-cache restart/ });
    await serves(around, first, ca);
    assert.match(await follow("RegistryCacheProbeFailing", "See", { matching: /^curl/ }), /^200$/m);
    await follow("RegistryCacheSlow", "See", { matching: /node_disk/ });
    await follow("RegistryCacheDiskFilling", "See", { matching: /^df/m });
    await follow("RegistryCacheDiskFull", "See", { matching: /^df/ });
    await follow("RegistryCacheDiskFull", "Do", { matching: /vacuum/ });
    await serves(around, first, ca);
    await first.until("no alert is left, and a pull works", async () =>
      /^[1-9]\d* answers, \d+ of them hits, .* MB in /m.test(await follow("RegistryCacheDown", "Verify")),
    );
  });

  const containers = () => first.run("podman ps --format '{{.ID}} {{.Names}}' | sort");
  const status = async () => (await around.get(443, around.tagPath, ca)).status;

  await step("has one complete Pod after a power cut in the middle of a change", async () => {
    for (let count = 1; count <= powerCuts; count += 1) {
      const before = await applied(first);
      // The new allow-list has no repository that clients request.
      const digest = await region.want({ repositories: [`other-${count}/**`] });
      await first.until("the change begins", async () => {
        return (await first.try(`test -h ${stateDirectory}/applying`)).exitCode === 0;
      });
      await sleep(Math.random() * 10_000);
      const began = first.seconds;
      await first.losePower();
      await first.until("the cache answers", async () => (await around.get(443, "/v2/", ca)).status === 200);
      const after = await applied(first);
      assert.ok([before, digest].includes(after), after);
      const pod = after === digest ? "wanted" : "before";
      t.diagnostic(`${count}: ${first.seconds - began} s until it was back, with the Pod ${pod}`);
      await applies(first, digest);
      assert.equal(await status(), 404);
    }
  });

  await step("applies new configurations without a failed request of 16 clients", async () => {
    const before = await containers();
    await applies(first, await region.want());
    await using asking = clients(around, ca, 16);
    for (let count = 1; count <= changeCount; count += 1) {
      const [kind, change] = Object.entries(reloads(count, around))[count % 3] ?? assert.fail();
      const seconds = await applies(first, await region.want(change));
      t.diagnostic(`${count} ${kind}: ${seconds} s from the pointer's change to the applied Pod`);
    }
    const { answers, failures } = await asking.stop();
    t.diagnostic(`${answers} answers`);
    assert.deepEqual(failures, []);
    assert.equal(await containers(), before);
  });

  await step("has its content after a reboot", async () => {
    const began = first.seconds;
    await first.reboot();
    await serves(around, first, ca);
    await around.pull(ca);
    t.diagnostic(`${first.seconds - began} s from a reboot to a served pull`);
    assert.deepEqual(around.asked(), []);
    assert.equal(await fileSystem(first), uuid);
    assert.equal((await around.get(443, "/v2/", ca)).fingerprint, fingerprint);
    // For a cycle, systemd would drop one of its units, and not always the same one.
    assert.doesNotMatch(await first.run("journalctl --boot --no-pager"), /ordering cycle/);
  });

  await step("is repaired, and emptied, by the commands of docs/regions.md", async () => {
    await first.run(recovery("the disk's content is damaged"));
    await serves(around, first, ca);
    await around.pull(ca);
    assert.deepEqual(around.asked(), []);
    await first.run(recovery("the cache must be emptied"));
    await serves(around, first, ca);
    await around.pull(ca);
    assert.equal(blobsIn(around.asked()), 4);
    assert.equal(await fileSystem(first), uuid);
  });

  await step("has run all commands of the runbooks for a machine", async () => {
    runs.assertComplete(alertNames);
  });
});

/** The command for a row of the table "Recover". */
function recovery(whatHappened: string): string {
  const row = readFileSync(join(projectDirectory, "docs/regions.md"), "utf8")
    .split("\n")
    .find((line) => line.startsWith(`| ${whatHappened} |`));
  return row?.match(/: `([^`]+)`/)?.[1] ?? assert.fail(`docs/regions.md: no command for "${whatHappened}"`);
}

/** Changes that replace no container. */
function reloads(count: number, { config: { access } }: Surroundings) {
  return {
    "allow-list": { repositories: ["giantswarm/**", `more-${count}/**`] },
    freshness: { region: { freshnessSeconds: 3600 - count } },
    clients: { region: { access: { ...access, clients: [...access.clients, `192.0.2.${count % 250}/32`] } } },
  };
}

function blobsIn(asked: readonly string[]): number {
  return asked.filter((it) => it.startsWith("GET ") && it.includes("/blobs/")).length;
}
