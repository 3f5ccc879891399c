/** disk.sh, with files in the place of disks. */
import assert from "node:assert/strict";
import { chmod, copyFile, open, readFile, truncate, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import fc from "fast-check";
import { scope, tempDir } from "../support/scope.ts";

const source = join(import.meta.dirname, "../../components/hosts/vm/disk.sh");
const mib = 1024 ** 2;

interface Disk {
  readonly file: string;
  /** Runs disk.sh. */
  prepare(): Promise<{ readonly exitCode?: number; readonly stderr: string }>;
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** What blkid(8) takes it for. */
  probe(tag: "TYPE" | "UUID"): Promise<string>;
}

async function blankDisk(t: TestContext): Promise<Disk> {
  const { path } = scope(t).use(await tempDir());
  const [file, script] = [join(path, "it's a disk"), join(path, "disk.sh")];
  await writeFile(file, "");
  await truncate(file, 20 * mib);
  await copyFile(source, script);
  await writeFile(join(path, "machine.conf"), `DEVICE='${file.replaceAll("'", "'\\''")}'\n`);
  // It would wait for udev, which knows nothing of files.
  await writeFile(join(path, "udevadm"), `#!/bin/sh\n[ "$1" = wait ] && [ -e "$2" ]\n`);
  await chmod(join(path, "udevadm"), 0o755);
  const PATH = [path, process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter);
  return {
    file,
    prepare: () => execa("sh", [script], { env: { PATH }, reject: false }),
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

test("a blank disk gets a file system, once", async (t) => {
  const disk = await blankDisk(t);
  assert.equal((await disk.prepare()).exitCode, 0);
  assert.equal(await disk.probe("TYPE"), "ext4");
  const uuid = await disk.probe("UUID");
  assert.equal((await disk.prepare()).exitCode, 0);
  assert.equal(await disk.probe("UUID"), uuid);
});

/** Refused, without a byte changed. */
async function isLeftAlone(disk: Disk): Promise<void> {
  const before = await readFile(disk.file);
  const { exitCode, stderr } = await disk.prepare();
  assert.equal(exitCode, 1);
  assert.match(stderr, /is in use for something else/);
  assert.ok(before.equals(await readFile(disk.file)));
}

test("a partition table is content", async (t) => {
  const disk = await blankDisk(t);
  const { stderr } = await execa("sfdisk", ["--quiet", disk.file], { input: "2048,,L\n" });
  assert.equal(stderr, "");
  await isLeftAlone(disk);
});

test("so is another file system, and what nobody knows", async (t) => {
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
