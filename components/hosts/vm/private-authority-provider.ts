import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { inWorkDirectory, makeAuthority } from "../private-ca.ts";

export interface PrivateAuthorityInputs {
  /** The only name that the authority can certify. */
  readonly hostname: string;
}

/** Creates an authority. Its key is on this machine's disk only for a moment. */
export async function create(inputs: PrivateAuthorityInputs): Promise<pulumi.dynamic.CreateResult> {
  return inWorkDirectory(join(tmpdir(), "registry-cache-"), async (directory) => {
    const { certificateFile, keyFile } = await makeAuthority([inputs.hostname], directory);
    const [certificate, key] = await Promise.all(
      [certificateFile, keyFile].map((it) => readFile(it, "utf8")),
    );
    return { id: inputs.hostname, outs: { ...inputs, certificate, key } };
  });
}

/** An authority certifies one name, so another name needs another authority. */
export async function diff(
  { hostname }: PrivateAuthorityInputs,
  inputs: PrivateAuthorityInputs,
): Promise<pulumi.dynamic.DiffResult> {
  return hostname === inputs.hostname ? { changes: false } : { changes: true, replaces: ["hostname"] };
}
