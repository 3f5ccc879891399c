/** By default, oras uses plain HTTP for `localhost`. `--ca-file` names the CA. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

async function oras(args: readonly string[], caFile: string): Promise<string> {
  return runClient(await ensureTool("oras"), [...args, "--plain-http=false", "--ca-file", caFile]);
}

/** The manifest's exact text. */
export function orasManifest(reference: string, caFile: string): Promise<string> {
  return oras(["manifest", "fetch", reference], caFile);
}

/** Copies the artifact or image with everything that it refers to, verified, to an OCI layout. */
export async function orasCopy(reference: string, caFile: string, layoutDir: string): Promise<void> {
  const options = ["--from-plain-http=false", "--from-ca-file", caFile];
  await runClient(await ensureTool("oras"), [
    "copy",
    ...options,
    "--to-oci-layout",
    reference,
    `${layoutDir}:copy`,
  ]);
}

/** Fetches one blob to a file. `reference` is `host/repository@sha256:…`. */
export async function orasBlob(reference: string, caFile: string, file: string): Promise<void> {
  await oras(["blob", "fetch", "--output", file, reference], caFile);
}
