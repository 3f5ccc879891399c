/** What a machine gets from a cloud: https://docs.cloud-init.io/en/25.1.4/reference/datasources/nocloud.html */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export interface Seed {
  /** Compressed, as a cloud passes it on. */
  readonly userData: Uint8Array;
  /** With another id, cloud-init treats the machine as a new one, and repeats its work. */
  readonly instanceId: string;
  /** A shell script for the test's own needs, in addition to the user data. It runs early in each boot. */
  readonly boothook: string;
}

/** Writes the disk `cidata`. */
export async function writeSeed(isoFile: string, { userData, instanceId, boothook }: Seed): Promise<void> {
  const directory = `${isoFile}.d`;
  await mkdir(directory);
  await writeFile(join(directory, "user-data"), userData);
  await writeFile(join(directory, "meta-data"), JSON.stringify({ "instance-id": instanceId }));
  await writeFile(join(directory, "vendor-data"), `#cloud-boothook\n#!/bin/sh\n${boothook}`);
  await execa("xorriso", ["-as", "mkisofs", "-quiet", "-V", "cidata", "-J", "-R", "-o", isoFile, directory]);
}
