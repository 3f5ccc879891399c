/** A machine with Debian 13, in any kind of virtual hardware. */

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../support/wait.ts";
import { type Result, runInside } from "./agent.ts";
import type { MachineImage } from "./image.ts";
import type { JsonSocket } from "./json-socket.ts";
import { writeSeed } from "./seed.ts";

export interface MachineOptions {
  readonly image: MachineImage;
  /** Directory of this machine's own files. Must not exist. */
  readonly directory: string;
  readonly userData: Uint8Array;
  /** See {@link Seed}. */
  readonly boothook: string;
  /** Host ports on 127.0.0.1 by the machine's ports. */
  readonly ports: Readonly<Record<number, number>>;
}

/** The longest time that even a busy machine may take. */
export const bootTimeoutMs = 900_000;

/** The address by which a machine reaches this host's 127.0.0.1, and sees clients there. */
export const hostAddress = "10.0.2.2";

export abstract class Machine implements AsyncDisposable {
  /** The data disk's name by udev's rules. */
  abstract readonly dataDevice: string;

  readonly #started = performance.now();

  /** Seconds since the machine was switched on. */
  get seconds(): number {
    return Math.round((performance.now() - this.#started) / 1000);
  }

  /** Runs a shell command in the machine, as root. @throws Error when it fails, or while the machine boots */
  async run(command: string): Promise<string> {
    const { exitCode, output } = await this.try(command);
    if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}\n${output}`);
    return output;
  }

  /** Runs a command that may fail. */
  async try(command: string): Promise<Result> {
    await using agent = await this.connectAgent();
    return await runInside(agent, command);
  }

  /** Waits until cloud-init has finished. @throws Error unless it succeeded */
  async settled(): Promise<void> {
    // Constant requests for its status would take as much processor time as cloud-init's own work.
    await this.until("cloud-init is done", async () => {
      return (await this.try("test -e /run/cloud-init/result.json")).exitCode === 0;
    });
    const { exitCode, output } = await this.try("cloud-init status --wait --long");
    if (exitCode !== 0) throw new Error(output);
  }

  /** Waits up to the maximum time of a machine. @throws Error with its last messages when it takes longer, or when the machine has ended */
  async until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
    let cause: unknown;
    for (const deadline = Date.now() + bootTimeoutMs; Date.now() < deadline; ) {
      const began = performance.now();
      try {
        const result = await probe();
        if (result !== undefined && result !== false) return result;
      } catch (error) {
        cause = error;
      }
      if (!this.running()) break;
      // A command takes time of the only processor, which the expected work needs.
      await sleep(Math.min(10_000, Math.max(1000, performance.now() - began)));
    }
    const end = this.running() ? `not within ${bootTimeoutMs / 1000} s` : "the machine has ended";
    throw new Error(`${end}: ${what}\n${await this.#lastWords()}`, { cause });
  }

  /** Powers the machine off, as a cloud does before it detaches a disk: the system may shut down. */
  async stop(): Promise<void> {
    await this.powerDown();
    await this.ended();
  }

  /** Waits until it is off. */
  async ended(): Promise<void> {
    await waitUntil("the machine is off", () => !this.running(), bootTimeoutMs);
  }

  abstract [Symbol.asyncDispose](): Promise<void>;

  protected abstract running(): boolean;

  /** Connects to the agent in the machine, for one command after the other. @throws Error while the machine is off */
  protected abstract connectAgent(): Promise<JsonSocket>;

  /** Starts what {@link stop} waits for. */
  protected abstract powerDown(): Promise<unknown>;

  /** The output of the machine's program on the host, and the machine's console. */
  protected abstract logs(): Promise<string>[];

  async #lastWords(): Promise<string> {
    const journal = "journalctl --boot --no-pager --output=short-monotonic --lines=60";
    const texts = await Promise.allSettled([this.run(journal), ...this.logs()]);
    return texts.map((it) => (it.status === "fulfilled" ? it.value.slice(-8000) : "")).join("\n");
  }
}

/** Makes the directory of a new machine, with a new instance id for cloud-init. @returns the file of the disk `cidata` */
export async function prepareMachine({ directory, userData, boothook }: MachineOptions): Promise<string> {
  await mkdir(directory);
  const seed = join(directory, "seed.iso");
  await writeSeed(seed, { userData, boothook, instanceId: `i-${randomUUID()}` });
  return seed;
}
