/** The roll-out of a fleet with the real engine: what stops it, the messages then, and that the remedies in them work. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CostRun } from "../support/cost-project.ts";
import { type FleetProject, fleetProject, type StackKeys } from "../support/fleet-project.ts";
import { scope } from "../support/scope.ts";
import { startTlsServer, type TlsServer } from "../support/tls-server.ts";
import { waitUntil } from "../support/wait.ts";

suite("npm run pipeline -- up", () => {
  const parts = scope({ after });
  let fleet: FleetProject;
  let cache: TlsServer;
  let sick: TlsServer;
  /** The status that {@link sick} answers with. */
  let status = 200;
  /** The file that a resource waits for. */
  let gate: string;

  const configure = (stack: string, keys: StackKeys, { endpoint, ca }: TlsServer = cache) =>
    fleet.configure(stack, { endpoint, ca, ...keys });

  before(async () => {
    fleet = parts.use(await fleetProject(["aws-a", "aws-b", "aws-c", "aws-d"]));
    cache = parts.use(await startTlsServer());
    sick = parts.use(await startTlsServer({ answer: (_, response) => response.writeHead(status).end("{}") }));
    gate = join(fleet.directory, "gate");
    for (const stack of ["aws-a", "aws-c", "aws-d"]) await configure(stack, {});
  });

  test("brings the canary up first, continues a failed stack's wave, and doesn't start the next wave", async () => {
    await configure("aws-b", { failure: "the zone has no machines" });
    const args = ["--canary", "aws-c", "--wave-size", "2", "--settle-minutes", "0"];
    const { exitCode, stdout, stderr } = await fleet.pipeline("up", ...args);
    assert.equal(exitCode, 1);
    assert.deepEqual(states(stdout), {
      "aws-c": "1 up",
      "aws-a": "2 up",
      "aws-b": "2 failed",
      "aws-d": "3 not begun",
    });
    assert.match(stdout, /the zone has no machines/);
    assert.match(stderr, /aws-c: up\n.*Wave 2 of 3/s);
    assert.deepEqual(await fleet.resources("aws-d"), []);
  });

  test("brings up repaired stacks, and changes nothing that is complete", async () => {
    await configure("aws-b", {}, sick);
    const { exitCode, stdout } = await fleet.pipeline(
      ...["up", "organization/aws-a", "aws-b", "--settle-minutes", "0"],
    );
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /\| 1 \| organization\/aws-a \| up \| no changes \|/);
    assert.match(stdout, /\| 2 \| aws-b \| up \| 1 create \|/);
  });

  test("stops the roll-out if a cache doesn't answer in time after its wave", async () => {
    status = 503;
    await configure("aws-b", { label: "other" }, sick);
    const stopped = await fleet.pipeline("up", "--repair", "aws-b", "aws-c", "--settle-minutes", "0.02");
    assert.equal(stopped.exitCode, 1);
    assert.deepEqual(states(stopped.stdout), { "aws-b": "1 unhealthy", "aws-c": "2 not begun" });
    assert.match(stopped.stdout, /aws-b: https:\/\/localhost:\d+: `\/v2\/` answers 503/);

    await configure("aws-b", { label: "third" }, sick);
    const run = fleet.start("up", "--repair", "aws-b", "--settle-minutes", "0.2");
    await waitUntil("aws-b has changed", async () => (await resourceOf("aws-b")).includes("third"), 60_000);
    status = 200;
    const { exitCode, stdout } = await run;
    assert.equal(exitCode, 0, stdout);
  });

  test("doesn't change a cache that doesn't answer before its wave", async () => {
    status = 503;
    const { exitCode, stdout } = await fleet.pipeline("up", "aws-b", "aws-c");
    status = 200;
    assert.equal(exitCode, 1);
    assert.deepEqual(states(stdout), { "aws-b": "1 not begun", "aws-c": "2 not begun" });
    assert.match(stdout, /before: aws-b: .* answers 503/);
  });

  test("refuses a concurrent run, and completes an update in progress when it is interrupted", async () => {
    await configure("aws-d", { label: "slow", waitFor: gate });
    const first = fleet.start("up", "aws-c", "aws-d", "--canary", "aws-d", "--settle-minutes", "0");
    await working();
    const second = await fleet.pipeline("up", "aws-d");
    assert.equal(second.exitCode, 1);
    assert.match(second.stdout, /Another run holds the stack: \S+@\S+, process \d+, since /);

    // npm forwards both. Ctrl-C in a terminal arrives from the terminal and from npm.
    for (const signal of ["SIGTERM", "SIGINT"] as const) first.kill(signal);
    const isTold = () => /SIG\w+: waiting for 1 stack to finish what it has begun/.test(first.stderrSoFar());
    await waitUntil("it has the signal", isTold);
    await writeFile(gate, "");
    const { exitCode, stdout } = await first;
    assert.equal(exitCode, 1);
    assert.match(stdout, /update canceled/);
    assert.deepEqual(states(stdout), { "aws-d": "1 failed", "aws-c": "2 not begun" });
    assert.match(stdout, /The run was interrupted/);
    assert.match(await resourceOf("aws-d"), /slow/);
    await configure("aws-d", { label: "slow" });
    const next = await fleet.pipeline("up", "aws-d");
    assert.equal(next.exitCode, 0, next.stdout);
  });

  const up = ["up", "--yes", "--skip-preview", "--stack", "aws-d"];

  test("completes the operations in progress of `npm run pulumi` when it is interrupted, with a terminal and without one", async () => {
    const ways = {
      "Ctrl-C on a terminal": () => {
        const run = fleet.startOnTerminal(["npm run --silent pulumi --", ...up].join(" "));
        return { run, interrupt: () => run.type("\x03") };
      },
      "SIGTERM to npm": () => {
        const run = fleet.startPulumi(...up);
        return { run, interrupt: () => void run.kill("SIGTERM") };
      },
      "SIGINT to npm": () => {
        const run = fleet.startPulumi(...up);
        return { run, interrupt: () => void run.kill("SIGINT") };
      },
    };
    for (const [label, start] of Object.entries(ways)) {
      await rm(gate);
      await configure("aws-d", { label, waitFor: gate });
      const { run, interrupt } = start();
      await working();
      interrupt();
      // A process that ends immediately has ended by then.
      await sleep(1000);
      await writeFile(gate, "");
      const { exitCode, stdout } = await run;
      assert.notEqual(exitCode, 0, label);
      assert.match(stdout, /cancell/, label);
      assert.match(await resourceOf("aws-d"), new RegExp(label));
      assert.ok(!(await fleet.isUnfinished("aws-d")), label);
    }
    await upAgain();
  });

  test("completes the operations in progress when its terminal is closed, and with nohup the whole update", async () => {
    const log = join(fleet.directory, "nohup.log");
    const pulumi = ["npm run --silent pulumi --", ...up].join(" ");
    const ways = {
      closed: [pulumi],
      nohup: [`nohup ${pulumi} >${log} 2>&1`, /Duration/],
      pipeline: [
        `nohup npm run --silent pipeline -- up aws-d --settle-minutes 0 >${log} 2>&1`,
        /^\| 1 \| aws-d \|/m,
      ],
    } as const;
    for (const [label, [command, end]] of Object.entries(ways)) {
      await rm(gate);
      await configure("aws-d", { label, waitFor: gate });
      const run = fleet.startOnTerminal(command);
      await working();
      run.kill("SIGKILL");
      await run;
      // A process that ends immediately has ended by then.
      await sleep(1000);
      await writeFile(gate, "");
      await waitUntil(
        "the operation is in the state",
        async () => new RegExp(label).test(await resourceOf("aws-d")),
        30_000,
      );
      if (end) {
        await waitUntil("the update has ended", async () => end.test(await readFile(log, "utf8")), 30_000);
        assert.doesNotMatch(await readFile(log, "utf8"), /cancel|interrupted/);
      }
      await waitUntil("nothing is left unfinished", async () => !(await fleet.isUnfinished("aws-d")));
    }
    await upAgain();
  });

  async function upAgain(): Promise<void> {
    const { exitCode, stdout } = await fleet.pipeline("up", "aws-d", "--settle-minutes", "0");
    assert.equal(exitCode, 0, stdout);
  }

  test("reports the lock of a killed run, then its unfinished operations, each with the remedy", async () => {
    await rm(gate);
    await configure("aws-d", { size: "2", waitFor: gate });
    const killed = fleet.start("up", "aws-d");
    await working();
    await fleet.killEngines();
    assert.equal((await killed).exitCode, 1);
    await writeFile(gate, "");

    const locked = await fleet.pipeline("up", "aws-d");
    assert.match(
      locked.stdout,
      /Another run holds the stack: .* If it was killed, it has left its lock behind/,
    );
    await followLast(locked);
    const told =
      /Either an update is running, or one was interrupted.* thing \((?:interrupted while )?creating\)/;
    const drift = await fleet.pipeline("drift", "aws-d");
    assert.equal(drift.exitCode, 2, drift.stdout);
    assert.match(drift.stdout, told);
    await fleet.commit();
    await configure("aws-d", { size: "3" });
    const preview = await fleet.pipeline("preview", "--base", "HEAD");
    assert.equal(preview.exitCode, 0, preview.stdout);
    assert.match(preview.stdout, told);
    assert.match((await fleet.startPulumi("preview", "--stack", "aws-d")).stderr, told);
    const undone = await fleet.pipeline("up", "aws-d");
    assert.match(undone.stdout, told);
    assert.match(await resourceOf("aws-d"), /"size": "",/, "nothing was changed");
    await followLast(undone);
    const { exitCode, stdout } = await fleet.pipeline("up", "aws-d", "--settle-minutes", "0");
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /1 replace/);
  });

  test("reports a stack that the backend doesn't have", async () => {
    await configure("aws-e", {});
    const { exitCode, stdout } = await fleet.pipeline("up", "aws-e");
    assert.equal(exitCode, 1);
    assert.deepEqual(states(stdout), { "aws-e": "1 failed" });
    assert.match(stdout, /npm run pulumi -- stack init aws-e/);
  });

  test("distinguishes drift from failure by the exit code, and reports drift in the issue", async () => {
    const issue = join(fleet.directory, "issue.md");
    const same = await fleet.pipeline("drift", "aws-a", "--issue", issue);
    assert.equal(same.exitCode, 0, same.stdout);
    assert.ok(!existsSync(issue));
    await writeFile(join(fleet.directory, "aws-a.drifted"), "");
    const drifted = await fleet.pipeline("drift", "aws-a", "aws-c", "--issue", issue);
    assert.equal(drifted.exitCode, 2, drifted.stdout);
    assert.match(drifted.stdout, /\| aws-a \| \*\*drifted\*\* \| 1 update \|\n\| aws-c \| as it was left \|/);
    assert.ok(existsSync(issue));
    const failed = await fleet.pipeline("drift", "aws-a", "aws-e");
    assert.equal(failed.exitCode, 1, failed.stdout);
  });

  /** Waits until the resource of aws-d is being created or changed. */
  async function working(): Promise<void> {
    await waitUntil("the resource is at work", () => existsSync(`${gate}.waiting`), 60_000);
    await rm(`${gate}.waiting`);
  }

  /** The resource in the stack's state. */
  async function resourceOf(stack: string): Promise<string> {
    const thing = (await fleet.resources(stack)).find(({ urn }) => urn.endsWith("::thing"));
    return JSON.stringify(thing?.outputs, null, 1);
  }

  /** Runs the last command in a run's message about aws-d, which is the one that needs no terminal. */
  async function followLast({ stdout }: CostRun): Promise<void> {
    const commands = [...stdout.matchAll(/`npm run pulumi -- ([^`]+)`/g)].map(([, command = ""]) => command);
    await fleet.pulumi(...(commands.at(-1)?.split(" ") ?? []));
  }
});

/** The stacks' states in the report's table: `{ "aws-a": "1 up" }`, with the number of the wave. */
function states(report: string): Record<string, string> {
  const rows = report.matchAll(/^\| (\d+) \| (\S+) \| \**([^|*]+)\** \|/gm);
  return Object.fromEntries(
    [...rows].map(([, wave, stack = "", state]) => [stack, `${wave} ${state?.trim()}`]),
  );
}
