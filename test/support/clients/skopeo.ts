/** skopeo and podman take the CA as a directory of `*.crt` files, and mirrors from a registries.conf. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

export interface ContainersOptions {
  /** PEM file of the authority that issued the cache's certificate. */
  readonly caFile: string;
  /** A registries.conf with the cache as a mirror. @default none: the reference names the cache itself */
  readonly registriesConf?: string;
}

interface SkopeoOptions extends ContainersOptions {
  /** A policy.json that says which signatures images need. @default none is needed */
  readonly policy?: string;
  /** A registries.d, which says where signatures are. @default an empty one */
  readonly registriesDir?: string;
}

/** Calls `use` with a directory of authorities, which both programs take as an option. */
export async function withCertDir<T>(caFile: string, use: (certDir: string) => Promise<T>): Promise<T> {
  await using certDir = await tempDir();
  await copyFile(caFile, join(certDir.path, "ca.crt"));
  return await use(certDir.path);
}

/**
 * Copies an image or index with all platforms, verified, to an OCI layout.
 *
 * @param reference without `docker://`
 */
export async function skopeoCopy(
  reference: string,
  layoutDir: string,
  { caFile, registriesConf, policy, registriesDir }: SkopeoOptions,
): Promise<void> {
  // podman has an environment variable for this, and skopeo an option that its help doesn't mention.
  const configuration = registriesConf === undefined ? [] : ["--registries-conf", registriesConf];
  await withCertDir(caFile, (certDir) => {
    const signatures = policy === undefined ? ["--insecure-policy"] : ["--policy", policy];
    if (registriesDir !== undefined) signatures.push("--registries.d", registriesDir);
    // An OCI layout can't hold signatures.
    const copy = ["copy", "--remove-signatures", "--all", "--src-cert-dir", certDir];
    return runClient("skopeo", [
      ...configuration,
      ...signatures,
      ...copy,
      `docker://${reference}`,
      `oci:${layoutDir}:copy`,
    ]);
  });
}
