/**
 * A machine whose kernel is a process of this host: at the processor's own speed, and without rights, but with hardware that no cloud has.
 * https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
 */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Process, startProcess } from "../support/process.ts";
import { waitUntil } from "../support/wait.ts";
import type { DataDisk } from "./data-disk.ts";
import type { MachineImage } from "./image.ts";
import { type JsonSocket, jsonSocket } from "./json-socket.ts";
import { hostAddress, Machine, type MachineOptions, prepareMachine } from "./machine.ts";
import { ensureUserMode, type UserModePrograms } from "./user-mode.ts";

export interface UserModeOptions extends MachineOptions {
  /** @default none */
  readonly disk?: DataDisk;
}

/**
 * A machine stays on one processor. Its kernel and its programs take turns thousands of times a second, and three times as often if none has to wake
 * another processor. Test files that start together have consecutive process ids, and so different processors.
 */
const processor = process.pid % availableParallelism();

/** The files of a machine. */
interface Files {
  readonly root: string;
  readonly seed: string;
  /** A Unix socket for the machine's network. */
  readonly network: string;
}

export class UserModeMachine extends Machine {
  /** The third disk. */
  static readonly dataDevice = "/dev/disk/by-path/platform-uml-blkdev.2";
  readonly dataDevice = UserModeMachine.dataDevice;

  readonly #options: UserModeOptions;
  readonly #files: Files;
  readonly #programs: UserModePrograms;
  #network: Process | undefined;
  #kernel: Process | undefined;
  #agent: JsonSocket | undefined;
  /** Resolves when nobody talks to the agent. */
  #talking: Promise<void> = Promise.resolve();

  private constructor(options: UserModeOptions, files: Files, programs: UserModePrograms) {
    super();
    this.#options = options;
    this.#files = files;
    this.#programs = programs;
  }

  /** Starts a new machine with its own root disk. */
  static async start(options: UserModeOptions): Promise<UserModeMachine> {
    const { directory, image } = options;
    const files = {
      seed: await prepareMachine(options),
      root: join(directory, "root.raw"),
      network: join(directory, "network.sock"),
    };
    await execa("cp", ["--sparse=always", image.root, files.root]);
    const machine = new UserModeMachine(options, files, await ensureUserMode());
    await machine.#boot();
    return machine;
  }

  /** Reboots the system, as after a security upgrade. Returns when the new boot has begun. */
  async reboot(): Promise<void> {
    await this.#soon("systemctl reboot");
    await this.ended();
    await this.#boot();
    await this.#booted();
  }

  /** Boots again without notice to the system, so unwritten data is lost. Returns when the new boot has begun. */
  async losePower(): Promise<void> {
    await this.#kernel?.kill();
    await this.#boot();
    await this.#booted();
  }

  /** Takes the root disk, from which a cloud makes an image. The machine must be off, and can't boot again. @param file must not exist */
  async capture(file: string): Promise<MachineImage> {
    await rename(this.#files.root, file);
    return { ...this.#options.image, root: file };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kernel?.kill();
    await this.#network?.kill();
  }

  protected running(): boolean {
    return [this.#kernel, this.#network].some((process) => process?.running());
  }

  protected async connectAgent(): Promise<JsonSocket> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#talking;
    this.#talking = promise;
    await before;
    const agent = this.#agent;
    if (agent === undefined || !this.running()) {
      resolve();
      throw new Error("the machine is off");
    }
    return { execute: agent.execute, [Symbol.asyncDispose]: async () => resolve() };
  }

  protected async powerDown(): Promise<void> {
    await this.#soon("systemctl poweroff");
  }

  protected logs(): Promise<string>[] {
    return [this.#kernel, this.#network].flatMap((process) => (process ? [process.log()] : []));
  }

  async #boot(): Promise<void> {
    const { directory, ports } = this.#options;
    const socket = this.#files.network;
    await this.#agent?.[Symbol.asyncDispose]();
    await this.#network?.kill();
    await rm(socket, { force: true });
    this.#network = await startProcess(this.#programs.passt, passtArguments(socket, ports), {
      logFile: join(directory, "network.log"),
    });
    await waitUntil("the network is there", () => existsSync(socket));
    const kernel = [this.#programs.linux, ...kernelOptions(this.#options, this.#files)];
    this.#kernel = await startProcess("taskset", ["--cpu-list", String(processor), ...kernel], {
      logFile: join(directory, "console.log"),
      line: true,
    });
    this.#agent = this.#kernel.line && jsonSocket(this.#kernel.line);
  }

  async #booted(): Promise<void> {
    await this.until("the machine has booted", async () => (await this.try("true")).exitCode === 0);
  }

  /** Runs the command a second later, so that the agent can first confirm its start. */
  async #soon(command: string): Promise<void> {
    await this.run(`(sleep 1; ${command}) >/dev/null 2>&1 </dev/null &`);
  }
}

/** passt(1) is the machine's router and name server. The machine reaches this host through it, as in QEMU's own network. */
function passtArguments(socket: string, ports: MachineOptions["ports"]): string[] {
  const forwards = Object.entries(ports).flatMap(([inside, outside]) => [
    "-t",
    `127.0.0.1/${outside}:${inside}`,
  ]);
  return [
    // It ends with the machine.
    ...["--foreground", "--one-off", "--vhost-user", "--socket", socket, "--ipv4-only"],
    ...["--address", "10.0.2.15", "--netmask", "24", "--gateway", hostAddress],
    ...["--map-host-loopback", hostAddress, ...forwards],
  ];
}

/** See `linux.uml --help`. */
function kernelOptions({ directory, disk }: UserModeOptions, { root, seed, network }: Files): string[] {
  const disks = [`ubd0=${root}`, `ubd1r=${seed}`, ...(disk ? [`ubd2=${disk.file}`] : [])];
  return [
    ...["mem=2048M", ...disks, "root=/dev/ubda", "rw", `virtio_uml.device=${network}:1`],
    ...["con0=null,fd:1", "con=null", "console=tty0", "quiet", "ssl0=fd:3"],
    // Where this host supports it, page faults need no trap into its kernel. The machine's programs are trusted, because they could read its kernel's memory.
    "seccomp=auto",
    // On a reboot, the program ends as on a shutdown.
    ...[`uml_dir=${directory}`, "umid=machine", "noreboot"],
  ];
}
