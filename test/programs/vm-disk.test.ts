/** disk.sh and rescan.sh, with files in place of disks and of the kernel's view of them. */
import assert from "node:assert/strict";
import { chmod, mkdir, open, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import fc from "fast-check";
import { script } from "../../components/shell/script.ts";
import { scope, tempDir } from "../support/scope.ts";

const [source, rescan] = ["disk.sh", "rescan.sh"].map((name) =>
  script(import.meta.resolve(`../../components/hosts/vm/${name}`), name),
) as [string, string];
const mib = 1024 ** 2;

/** Includes the directories of administrators' programs, which not every PATH has. */
const systemPath = [process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter);

interface Disk {
  readonly file: string;
  /** Runs disk.sh. */
  prepare(): Promise<{ readonly exitCode?: number; readonly stderr: string }>;
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** What blkid(8) detects. */
  probe(tag: "TYPE" | "PTTYPE" | "UUID"): Promise<string>;
}

async function blankDisk(t: TestContext): Promise<Disk> {
  const { path } = scope(t).use(await tempDir());
  const [file, prepare] = [join(path, "it's a disk"), join(path, "disk.sh")];
  await writeFile(file, "");
  await truncate(file, 20 * mib);
  await writeFile(prepare, source);
  await writeFile(join(path, "machine.conf"), `DEVICE='${file.replaceAll("'", "'\\''")}'\n`);
  // The real program would wait for udev, which doesn't know files.
  await writeFile(join(path, "udevadm"), `#!/bin/sh\n[ "$1" = wait ] && [ -e "$2" ]\n`);
  await chmod(join(path, "udevadm"), 0o755);
  const PATH = [path, systemPath].join(delimiter);
  return {
    file,
    prepare: () => execa("sh", [prepare], { env: { PATH }, reject: false }),
    async write(bytes, position) {
      const handle = await open(file, "r+");
      await handle.write(bytes, 0, bytes.length, position);
      await handle.close();
    },
    async probe(tag) {
      const args = ["--probe", "--match-tag", tag, "--output", "value", file];
      return (await execa("blkid", args, { env: { PATH }, reject: false })).stdout;
    },
  };
}

test("gives a blank disk a file system, once", async (t) => {
  const disk = await blankDisk(t);
  assert.equal((await disk.prepare()).exitCode, 0);
  assert.equal(await disk.probe("TYPE"), "ext4");
  const uuid = await disk.probe("UUID");
  assert.equal((await disk.prepare()).exitCode, 0);
  assert.equal(await disk.probe("UUID"), uuid);
});

test("repairs a damaged file system without questions", async (t) => {
  const disk = await blankDisk(t);
  await disk.prepare();
  // Damages the root directory's inode, which `fsck -p` doesn't repair, and marks the file system as faulty.
  for (const change of ["clri <2>", "set_super_value state 2"]) {
    await execa("debugfs", ["-w", "-R", change, disk.file], { env: { PATH: systemPath } });
  }
  const { exitCode, stderr } = await disk.prepare();
  assert.equal(exitCode, 0, stderr);
  const { stdout } = await execa("debugfs", ["-R", "ls -p", disk.file], { env: { PATH: systemPath } });
  assert.match(stdout, /lost\+found/);
});

/** Asserts that the disk is refused, without a changed byte. */
async function isLeftAlone(disk: Disk): Promise<void> {
  const before = await readFile(disk.file);
  const { exitCode, stderr } = await disk.prepare();
  assert.equal(exitCode, 1);
  assert.match(stderr, /is in use for something else/);
  assert.ok(before.equals(await readFile(disk.file)));
}

test("leaves a disk with a partition table alone", async (t) => {
  const disk = await blankDisk(t);
  // A partition for a Linux file system (0x83) with 4096 sectors from sector 2048 on, and the signature of the master boot record.
  await disk.write(Uint8Array.of(0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0), 446);
  await disk.write(Uint8Array.of(0x55, 0xaa), 510);
  assert.equal(await disk.probe("PTTYPE"), "dos");
  await isLeftAlone(disk);
});

test("leaves a disk with another file system or unknown content alone", async (t) => {
  const disk = await blankDisk(t);
  await execa("mkswap", [disk.file]);
  assert.equal(await disk.probe("TYPE"), "swap");
  await isLeftAlone(disk);

  const anywhere = fc.record({ position: fc.nat(16 * mib - 1), byte: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(anywhere, async ({ position, byte }) => {
      await truncate(disk.file, 0);
      await truncate(disk.file, 20 * mib);
      await disk.write(Uint8Array.of(byte), position);
      await isLeftAlone(disk);
    }),
    { numRuns: 20, examples: [[{ position: 16 * mib - 1, byte: 1 }]] },
  );
});

for (const [kind, { disk, files }] of Object.entries({
  SCSI: { disk: "sdc", files: ["sdc/device/rescan"] },
  NVMe: { disk: "nvme0n2", files: ["nvme0n2/device/rescan_controller"] },
  "NVMe, by several ways": {
    disk: "nvme0n2",
    files: ["nvme0n2/device/nvme0/rescan_controller", "nvme0n2/device/nvme1/rescan_controller"],
  },
})) {
  test(`reads the data disk's size again, and no other disk's: ${kind}`, async (t) => {
    const { path } = scope(t).use(await tempDir());
    const sys = (file: string) => join(path, "sys/class/block", file);
    const others = ["sdb/device/rescan", "nvme1n1/device/rescan_controller"];
    for (const file of [...files, ...others]) {
      await mkdir(dirname(sys(file)), { recursive: true });
      await writeFile(sys(file), "");
    }
    const link = join(path, "by-lun-0");
    const settings = { DEVICE: link, SYS: join(path, "sys") };
    const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(join(path, "machine.conf"), lines.join(""));
    await writeFile(join(path, "rescan.sh"), rescan);
    const run = () => execa("sh", [join(path, "rescan.sh")]);
    const written = () => Promise.all([...files, ...others].map((file) => readFile(sys(file), "utf8")));
    // The disk isn't attached yet.
    await run();
    assert.ok((await written()).every((text) => text === ""));
    await writeFile(join(path, disk), "");
    await symlink(join(path, disk), link);
    await run();
    assert.deepEqual(await written(), [...files.map(() => "1\n"), ...others.map(() => "")]);
  });
}
