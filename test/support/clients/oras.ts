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

/** Attaches a file to an artifact or image, at a registry with plain HTTP, as if it had the referrers API: without a `sha256-…` tag. */
export async function orasAttach(reference: string, artifactType: string, file: string): Promise<void> {
  const options = ["--plain-http", "--artifact-type", artifactType, "--disable-path-validation"];
  options.push("--distribution-spec", "v1.1-referrers-api");
  await runClient(await ensureTool("oras"), ["attach", ...options, reference, file]);
}

/** The types of the artifacts that are attached to an artifact or image. */
export async function orasReferrers(reference: string, caFile: string): Promise<string[]> {
  const { referrers } = JSON.parse(await oras(["discover", "--format", "json", reference], caFile));
  return referrers.map(({ artifactType }: { artifactType: string }) => artifactType);
}
