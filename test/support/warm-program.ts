/** Runs this project's program in a few processes for all stacks of all test files, one run at a time in each, like an inline program of Pulumi's Automation API: https://www.pulumi.com/docs/iac/automation-api/concepts-terminology/ */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { lazyCollection } from "../setup/pulumi-home.ts";

/** The ports of the processes, separated by commas: see language-host.ts. */
const variable = "WARM_PROGRAMS";

const project = join(import.meta.dirname, "..", "..");

/** Starts the processes for this process and its children. They end with this process, and don't keep it alive. The first run in each takes as much processor time as six later ones. */
export async function startWarmPrograms(count: number): Promise<void> {
  process.env[variable] = (await Promise.all(Array.from({ length: count }, startWarmProgram))).join();
}

async function startWarmProgram(): Promise<number> {
  const program = fork(join(import.meta.dirname, "warm-program", "language-host.ts"), {
    cwd: project,
    execArgv: [`--require=${join(project, "scripts", "setup", "sdk-start.cjs")}`, lazyCollection],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [port] = await Promise.race([
    once(program, "message"),
    once(program, "exit").then(([code]) => {
      throw new Error(`the program ended at its start, with ${code}`);
    }),
  ]);
  program.on("exit", (code) => console.error(`a warm program ended, with ${code}`));
  program.unref();
  program.channel?.unref();
  return port;
}

/** Those of a test file that `npm test` didn't start. */
let own: Promise<void> | undefined;

/**
 * Lends a process to one run.
 * @param environment in addition to this process's own
 * @param run gets the engine's arguments, and its environment
 */
export async function withWarmProgram<Result>(
  environment: NodeJS.ProcessEnv,
  run: (args: readonly string[], environment: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Result> {
  if (process.env[variable] === undefined) own ??= startWarmPrograms(2);
  await own;
  const { connection, lines, address } = await firstFree(String(process.env[variable]).split(","));
  try {
    connection.write(`${JSON.stringify({ ...process.env, ...environment })}\n`);
    await next(lines);
    const { PULUMI_DEBUG_PROVIDERS: others } = environment;
    const dynamic = `pulumi-nodejs:${address.split(":").at(-1)}`;
    return await run([`--client=${address}`, "--exec-kind=auto.inline"], {
      ...environment,
      PULUMI_DEBUG_PROVIDERS: others === undefined ? dynamic : `${others},${dynamic}`,
    });
  } finally {
    connection.end();
  }
}

interface Lent {
  readonly connection: Socket;
  readonly lines: NodeJS.AsyncIterator<string>;
  /** Of its server for the engine. */
  readonly address: string;
}

/** Prefers the first ones, so that few programs run for the first time. */
async function firstFree(ports: readonly string[]): Promise<Lent> {
  const asked: Socket[] = [];
  let lent: Lent | undefined;
  try {
    lent = await Promise.any(
      ports.map(async (port, index) => {
        await sleep(index * 50);
        if (lent) throw new Error("another one is free");
        const connection = connect(Number(port), "127.0.0.1");
        asked.push(connection);
        const lines = createInterface({ input: connection })[Symbol.asyncIterator]();
        return { connection, lines, address: await next(lines) };
      }),
    );
    return lent;
  } finally {
    for (const it of asked) if (it !== lent?.connection) it.end();
  }
}

async function next(lines: NodeJS.AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next();
  if (done) throw new Error("the program ended");
  return value;
}
