/** regclient's command. It takes hosts and authorities from its configuration file or, as here, from Go's SSL_CERT_FILE. */
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

async function regctl(args: readonly string[], caFile: string): Promise<string> {
  await using home = await tempDir();
  const env = { SSL_CERT_FILE: caFile, REGCTL_CONFIG: `${home.path}/config.json` };
  return await runClient(await ensureTool("regctl"), args, { env });
}

/** Copies an image with all platforms, and the signatures that refer to it by tags, to an OCI layout. */
export async function regctlCopy(reference: string, caFile: string, layoutDir: string): Promise<void> {
  await regctl(["image", "copy", "--digest-tags", reference, `ocidir://${layoutDir}:copy`], caFile);
}

/** All tags of a repository. */
export async function regctlTags(repository: string, caFile: string): Promise<string[]> {
  return (await regctl(["tag", "list", repository], caFile)).split("\n");
}
