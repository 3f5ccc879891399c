/** crane has no options for mirrors and the CA, so references name the cache itself (`localhost:PORT/…`), and Go's SSL_CERT_FILE names the CA. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

async function crane(args: readonly string[], caFile: string): Promise<string> {
  return runClient(await ensureTool("crane"), args, { env: { SSL_CERT_FILE: caFile } });
}

/** The digest of a tag, from a HEAD request. */
export function craneDigest(reference: string, caFile: string): Promise<string> {
  return crane(["digest", reference], caFile);
}

/** The manifest's exact text. */
export function craneManifest(reference: string, caFile: string): Promise<string> {
  return crane(["manifest", reference], caFile);
}

/** Fetches the image with all platforms and layers to an OCI layout. crane verifies the digests. */
export async function cranePull(reference: string, caFile: string, layoutDir: string): Promise<void> {
  await crane(["pull", "--format=oci", reference, layoutDir], caFile);
}

/** All tags of a repository, fetched page by page. */
export async function craneTags(repository: string, caFile: string): Promise<string[]> {
  return (await crane(["ls", repository], caFile)).split("\n");
}
