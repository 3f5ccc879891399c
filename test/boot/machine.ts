/** A machine with Debian 13 in QEMU, by pure emulation: no rights on the host and no hardware are needed. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { type Process, startProcess } from "../support/process.ts";
import { waitUntil } from "../support/wait.ts";
import { type Result, runInside } from "./agent.ts";
import { blockNode, type DataDisk, deviceOptions, gib } from "./data-disk.ts";
import type { MachineImage } from "./image.ts";
import { connectJson } from "./json-socket.ts";
import { writeSeed } from "./seed.ts";

export interface MachineOptions {
  readonly image: MachineImage;
  /** Holds all that belongs to this machine alone. Must not exist. */
  readonly directory: string;
  readonly userData: Uint8Array;
  /** See {@link Seed}. */
  readonly boothook: string;
  /** Host ports on 127.0.0.1, by the machine's. */
  readonly ports: Readonly<Record<number, number>>;
  /** Attached from the start. @default none */
  readonly disk?: DataDisk;
}

/** Where emulation on a busy machine ends to be a matter of patience. */
export const bootTimeoutMs = 900_000;

export class Machine implements AsyncDisposable {
  readonly #options: MachineOptions;
  readonly #qemu: Process;
  readonly #started = performance.now();

  private constructor(options: MachineOptions, qemu: Process) {
    this.#options = options;
    this.#qemu = qemu;
  }

  /** Starts a new machine: its own root disk, which nothing was ever written to, and an instance id that cloud-init hasn't seen. */
  static async start(options: MachineOptions): Promise<Machine> {
    const { directory, image, userData, boothook } = options;
    await mkdir(directory);
    await writeSeed(join(directory, "seed.iso"), { userData, boothook, instanceId: `i-${randomUUID()}` });
    const overlay = [
      "create",
      "-q",
      "-f",
      "qcow2",
      "-b",
      image.root,
      "-F",
      "raw",
      join(directory, "root.qcow2"),
    ];
    await execa("qemu-img", overlay);
    const qemu = await startProcess("qemu-system-x86_64", qemuArguments(options), {
      logFile: join(directory, "qemu.log"),
    });
    return new Machine(options, qemu);
  }

  /** Since the machine was switched on. */
  get seconds(): number {
    return Math.round((performance.now() - this.#started) / 1000);
  }

  /** Runs a shell command in the machine, as root. @throws Error when it fails, or while the machine boots */
  async run(command: string): Promise<string> {
    const { exitCode, output } = await this.try(command);
    if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}\n${output}`);
    return output;
  }

  /** The same for a command that may fail. */
  try(command: string): Promise<Result> {
    return runInside(this.#path("agent.sock"), command);
  }

  /** Waits until cloud-init has done all its work. @throws Error unless it is content with it */
  async settled(): Promise<void> {
    // Asked for its status all the time, cloud-init would take as much of the processor as its work does.
    await this.until("cloud-init is done", async () => {
      return (await this.try("test -e /run/cloud-init/result.json")).exitCode === 0;
    });
    const { exitCode, output } = await this.try("cloud-init status --wait --long");
    if (exitCode !== 0) throw new Error(output);
  }

  /** Waits as long as this machine may take for anything. @throws Error with its last words when it takes longer, or has ended */
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
      if (!this.#qemu.running()) break;
      // A command takes the time of the only processor, which what is waited for needs.
      await sleep(Math.min(10_000, Math.max(1000, performance.now() - began)));
    }
    const end = this.#qemu.running() ? `not within ${bootTimeoutMs / 1000} s` : "the machine has ended";
    throw new Error(`${end}: ${what}\n${await this.#lastWords()}`, { cause });
  }

  /** Attaches a disk to the running machine, as clouds do. */
  async attach(disk: DataDisk): Promise<void> {
    await this.#monitor("blockdev-add", blockNode(disk));
    await this.#monitor("device_add", deviceOptions(disk));
  }

  /** Grows the attached disk under the running machine. */
  async resizeDisk(sizeGiB: number): Promise<void> {
    await this.#monitor("block_resize", { "node-name": "data", size: sizeGiB * gib });
  }

  /** Boots anew, as after a security upgrade. Returns when the new boot has begun. */
  async reboot(): Promise<void> {
    await this.#bootsAnew(() => this.run("systemctl --no-block reboot"));
  }

  /** Boots anew without a word to the system: what it hasn't written to its disks is lost. Returns when the new boot has begun. */
  async losePower(): Promise<void> {
    await this.#bootsAnew(() => this.#monitor("system_reset"));
  }

  /** Switches it off, as a cloud does before it parts a disk from a machine: the system may end its work. */
  async stop(): Promise<void> {
    await this.#monitor("system_powerdown");
    await this.ended();
  }

  /** Waits until it is off. */
  async ended(): Promise<void> {
    await waitUntil("the machine is off", () => !this.#qemu.running(), bootTimeoutMs);
  }

  /** What a cloud makes an image of: its root disk. It is off. @param file doesn't exist yet */
  async capture(file: string): Promise<MachineImage> {
    await execa("qemu-img", ["convert", "-O", "raw", this.#path("root.qcow2"), file]);
    return { ...this.#options.image, root: file };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qemu.kill();
  }

  async #bootsAnew(begin: () => Promise<unknown>): Promise<void> {
    const boot = "cat /proc/sys/kernel/random/boot_id";
    const before = await this.run(boot);
    await begin();
    await this.until("the machine has booted again", async () => (await this.run(boot)) !== before);
  }

  async #monitor(command: string, args?: object): Promise<void> {
    await using monitor = await connectJson(this.#path("monitor.sock"));
    await monitor.execute("qmp_capabilities");
    await monitor.execute(command, args);
  }

  async #lastWords(): Promise<string> {
    const journal = "journalctl --boot --no-pager --output=short-monotonic --lines=60";
    const sources = [this.run(journal), this.#qemu.log(), readFile(this.#path("console.log"), "utf8")];
    const texts = await Promise.allSettled(sources);
    return texts.map((it) => (it.status === "fulfilled" ? it.value.slice(-8000) : "")).join("\n");
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}

/**
 * Without what makes a real processor faster and an emulated one slower: bytes copied and pages cleared by `rep`, of which each repetition is a turn of the emulator
 * (the kernel's option `clearcpuid` is for the same), and vectors, by which SHA-256 takes twice as long.
 */
const processor = ["max", ...["la57", "erms", "avx", "avx2", "fma", "f16c"].map((it) => `${it}=off`)].join();

function qemuArguments({ directory, image, ports, disk }: MachineOptions): string[] {
  const forwards = Object.entries(ports).map(
    ([inside, outside]) => `hostfwd=tcp:127.0.0.1:${outside}-:${inside}`,
  );
  const path = (name: string) => join(directory, name);
  return [
    ...["-name", "registry-cache-test", "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-machine", "q35", "-accel", "tcg,tb-size=1024", "-cpu", processor, "-m", "2048"],
    // With two, QEMU 7.2 can run into the breakpoint behind which the kernel changes its own code, and the machine panics.
    ...["-smp", "1"],
    ...["-kernel", image.kernel, "-initrd", image.initrd],
    ...["-append", "root=/dev/vda rw console=ttyS0 quiet mitigations=off clearcpuid=rep_good"],
    ...["-drive", `if=none,id=root,file=${path("root.qcow2")},format=qcow2,cache=unsafe`],
    ...["-device", "virtio-blk-pci,drive=root,serial=root"],
    ...["-drive", `if=none,id=seed,file=${path("seed.iso")},format=raw,readonly=on`],
    ...["-device", "virtio-blk-pci,drive=seed,serial=seed"],
    ...["-device", "pcie-root-port,id=late,chassis=1"],
    // As Azure, it doesn't tell the machine that a disk has grown.
    ...["-device", "virtio-scsi-pci,id=scsi,addr=0x10,param_change=off"],
    ...(disk ? ["-blockdev", JSON.stringify(blockNode(disk))] : []),
    ...(disk ? ["-device", JSON.stringify(deviceOptions(disk))] : []),
    ...["-netdev", ["user", "id=net", ...forwards].join(",")],
    ...["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"],
    ...[
      "-device",
      "virtio-serial",
      "-chardev",
      `socket,id=agent,path=${path("agent.sock")},server=on,wait=off`,
    ],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...["-serial", `file:${path("console.log")}`, "-qmp", `unix:${path("monitor.sock")},server=on,wait=off`],
  ];
}
