/**
 * crane takes no mirror configuration and no CA option: references name the cache itself
 * (`localhost:PORT/…`), and the CA comes by Go's SSL_CERT_FILE.
 */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

async function crane(args: readonly string[], caFile: string): Promise<string> {
  return runClient(await ensureTool("crane"), args, { env: { SSL_CERT_FILE: caFile } });
}

/** The digest of a tag, by HEAD. */
export function craneDigest(reference: string, caFile: string): Promise<string> {
  return crane(["digest", reference], caFile);
}

/** The manifest's exact text. */
export function craneManifest(reference: string, caFile: string): Promise<string> {
  return crane(["manifest", reference], caFile);
}

/** Fetches the image with all its platforms and layers, whose digests crane verifies, to an OCI layout. */
export async function cranePull(reference: string, caFile: string, layoutDir: string): Promise<void> {
  await crane(["pull", "--format=oci", reference, layoutDir], caFile);
}

/** All tags of a repository, page by page. */
export async function craneTags(repository: string, caFile: string): Promise<string[]> {
  return (await crane(["ls", repository], caFile)).split("\n");
}
