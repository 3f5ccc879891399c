/** A machine in QEMU by pure emulation: with a cloud's hardware, without rights on the host, and much slower. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Process, startProcess } from "../support/process.ts";
import { type DataDisk, gib } from "./data-disk.ts";
import { connectJson } from "./json-socket.ts";
import { Machine, type MachineOptions, prepareMachine } from "./machine.ts";

export class EmulatedMachine extends Machine {
  /** The place where {@link attach} attaches the disk. */
  static readonly dataDevice = "/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0";
  readonly dataDevice = EmulatedMachine.dataDevice;

  readonly #directory: string;
  readonly #qemu: Process;

  private constructor(directory: string, qemu: Process) {
    super();
    this.#directory = directory;
    this.#qemu = qemu;
  }

  /** Starts a new machine with a new root disk. */
  static async start(options: MachineOptions): Promise<EmulatedMachine> {
    const { directory, image } = options;
    await prepareMachine(options);
    const overlay = ["-q", "-f", "qcow2", "-b", image.root, "-F", "raw", join(directory, "root.qcow2")];
    await execa("qemu-img", ["create", ...overlay]);
    const qemu = await startProcess("qemu-system-x86_64", qemuArguments(options), {
      logFile: join(directory, "qemu.log"),
    });
    return new EmulatedMachine(directory, qemu);
  }

  /** Attaches a disk to the running machine, as clouds do. */
  async attach(disk: DataDisk): Promise<void> {
    // Flushes aren't needed, because the data is as safe in this host's memory.
    const data = { driver: "file", filename: disk.file, cache: { "no-flush": true } };
    await this.#monitor("blockdev-add", { driver: "raw", "node-name": "data", file: data });
    // The sector sizes of Premium SSD v2.
    const sectors = { logical_block_size: 4096, physical_block_size: 4096 };
    const device = { driver: "scsi-hd", id: "data-disk", drive: "data", bus: "scsi.0", lun: 0, ...sectors };
    await this.#monitor("device_add", device);
  }

  /** Grows the attached disk under the running machine. */
  async resizeDisk(sizeGiB: number): Promise<void> {
    await this.#monitor("block_resize", { "node-name": "data", size: sizeGiB * gib });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qemu.kill();
  }

  protected running(): boolean {
    return this.#qemu.running();
  }

  protected connectAgent() {
    return connectJson(join(this.#directory, "agent.sock"));
  }

  protected powerDown(): Promise<void> {
    return this.#monitor("system_powerdown");
  }

  protected logs(): Promise<string>[] {
    return [this.#qemu.log(), readFile(join(this.#directory, "console.log"), "utf8")];
  }

  async #monitor(command: string, args?: object): Promise<void> {
    await using monitor = await connectJson(join(this.#directory, "monitor.sock"));
    await monitor.execute("qmp_capabilities");
    await monitor.execute(command, args);
  }
}

/**
 * Without features that make a real processor faster and an emulated one slower. `rep` copies bytes and clears pages, and each repetition is a turn
 * of the emulator (the kernel's option `clearcpuid` is for the same). With vectors, SHA-256 takes twice as long.
 */
const processor = ["max", ...["la57", "erms", "avx", "avx2", "fma", "f16c"].map((it) => `${it}=off`)].join();

function qemuArguments({ directory, image, ports }: MachineOptions): string[] {
  const forwards = Object.entries(ports).map(
    ([inside, outside]) => `hostfwd=tcp:127.0.0.1:${outside}-:${inside}`,
  );
  const path = (name: string) => join(directory, name);
  return [
    ...["-name", "registry-cache-test", "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-machine", "q35", "-accel", "tcg,tb-size=1024", "-cpu", processor, "-m", "2048"],
    // With two processors, QEMU 7.2 can run into the breakpoint with which the kernel patches its own code, and the machine panics.
    ...["-smp", "1"],
    ...["-kernel", image.kernel, "-initrd", image.initrd],
    ...["-append", "root=/dev/vda rw console=ttyS0 quiet mitigations=off clearcpuid=rep_good"],
    ...["-drive", `if=none,id=root,file=${path("root.qcow2")},format=qcow2,cache=unsafe`],
    ...["-device", "virtio-blk-pci,drive=root,serial=root"],
    ...["-drive", `if=none,id=seed,file=${path("seed.iso")},format=raw,readonly=on`],
    ...["-device", "virtio-blk-pci,drive=seed,serial=seed"],
    // As in Azure, the machine isn't told that a disk has grown.
    ...["-device", "virtio-scsi-pci,id=scsi,addr=0x10,param_change=off"],
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
