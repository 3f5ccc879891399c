/** What a machine finds of a cloud: https://docs.cloud-init.io/en/25.1.4/reference/datasources/nocloud.html */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export interface Seed {
  /** As a cloud hands it out: compressed. */
  readonly userData: Uint8Array;
  /** Another one is another machine: cloud-init does again what it does once for each. */
  readonly instanceId: string;
  /** What only the test needs, besides the user data: a shell script that runs early in each boot. */
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
