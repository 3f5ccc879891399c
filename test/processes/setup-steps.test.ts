import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Failure, StepError, step } from "../../scripts/command/steps.ts";
import { waitUntil } from "../support/wait.ts";

let directory: string;
const stateHome = process.env.XDG_STATE_HOME;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "steps-"));
  process.env.XDG_STATE_HOME = directory;
});

after(async () => {
  if (stateHome === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = stateHome;
  await rm(directory, { recursive: true });
});

test("prints nothing for a quick step, and returns its value", async (t) => {
  const printed = t.mock.method(console, "error", () => {});
  assert.equal(await step("Counting", "none", (run) => run("echo", ["42"])), "42");
  assert.equal(printed.mock.callCount(), 0);
});

test("shows the step, the end of the output, the log and the remedy when a program fails", async () => {
  const program = "seq 100; echo the reason >&2; exit 3";
  const failing = step("Counting to 100", "count on your fingers", (run) => run("sh", ["-c", program]));
  const error = await failing.then(assert.fail, (reason: unknown) => reason);
  assert.ok(error instanceof StepError);
  assert.match(error.message, /^Counting to 100 failed after \d+ s\.\n {2}cause: .*exit code 3/);
  assert.match(error.message, /\n +100\n +the reason\n/);
  assert.doesNotMatch(error.message, /\n +50\n/, "only the end of the output");
  assert.match(error.message, /\n {2}way out: count on your fingers$/);
  const log = error.message.match(/\n {2}log: +(\S+)/)?.[1];
  assert.ok(log, "names the log");
  assert.match(await readFile(log, "utf8"), /^\$ sh -c .*\n50\n.*the reason\n/s);
});

test("prefers the error of an inner step, and a remedy of its own", async () => {
  const inner = () =>
    step("Measuring", "general", async () => {
      throw new Failure("no ruler", "buy one");
    });
  await assert.rejects(step("Building", "unused", inner), {
    message: /^Measuring failed.*no ruler\n {2}way out: buy one$/s,
  });
});

test("shows that a long step is running, and keeps an outer step quiet meanwhile", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const printed = t.mock.method(console, "error", () => {});
  await step("Outer", "none", () =>
    step("Inner", "none", async () => {
      t.mock.timers.tick(60_000);
    }),
  );
  const lines = printed.mock.calls.map((call) => String(call.arguments[0]));
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ s/, "N s")),
    ["  Inner …", "  Inner … N s", "  Inner … N s"],
  );
});

test("ignores a reader that closes the output, and continues to the end", async () => {
  const program = `
    import { runSteps } from "${new URL("../../scripts/command/steps.ts", import.meta.url)}";
    await runSteps(async () => {
      process.stdout.write("x".repeat(1_000_000));
      await new Promise((done) => setTimeout(done, 500));
      console.error("done");
      process.exitCode = 3;
    });`;
  const piped = 'set -o pipefail; node --input-type=module --eval "$0" | head --bytes 1';
  const { exitCode, stdout, stderr } = await execa("bash", ["-c", piped, program], { reject: false });
  assert.deepEqual([exitCode, stdout, stderr], [3, "x", "done"]);
});

describe("a step", { concurrency: true }, () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Without a terminal, as with nohup.
    const isIgnored = signal === "SIGHUP";
    test(`sends ${isIgnored ? "no" : "one"} signal of several to a program that ends by itself, and waits for it: ${signal}`, async () => {
      const worker =
        "trap 'echo -n .' INT; echo -n begun; until [ -e \"$XDG_STATE_HOME/enough\" ]; do sleep 0.1; done; exit 3";
      const program = `
    import { runSteps, step } from "${new URL("../../scripts/command/steps.ts", import.meta.url)}";
    await runSteps(() => step("Working", "do it again", async (run) => {
      await run("bash", ["-c", process.argv[1]], { endsByItself: true });
    }));`;
      const state = join(directory, signal);
      const started = execa("node", ["--input-type=module", "--eval", program, worker], {
        reject: false,
        detached: true,
        env: { XDG_STATE_HOME: state },
      });
      const log = join(state, "registry-cache", "logs", "working.log");
      await waitUntil("it works", async () => (await readFile(log, "utf8")).endsWith("begun"));
      // Like Ctrl-C in a terminal, which reaches the whole process group, and twice, as from impatient users.
      for (const _ of [1, 2]) {
        process.kill(-(started.pid ?? 0), signal);
        await sleep(100);
      }
      if (!isIgnored)
        await waitUntil("it has a signal", async () => (await readFile(log, "utf8")).endsWith("."));
      await writeFile(join(state, "enough"), "");
      const { exitCode, stderr } = await started;
      assert.equal(exitCode, 1);
      assert.match(stderr, /Working failed/);
      const told = ["waiting until what has begun ends", `interrupted by ${signal}`];
      for (const words of [`${signal}: `, ...told, "the same command goes on"])
        assert.equal(stderr.includes(words), !isIgnored, stderr);
      assert.equal((await readFile(log, "utf8")).split("begun").at(-1), isIgnored ? "" : ".");
    });
  }
});
