/** The conformance suite of the OCI distribution specification: https://github.com/opencontainers/distribution-spec/tree/main/conformance */
import { execa } from "execa";
import type { Content, Digest } from "../../../scripts/seed/content.ts";
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { ClientError } from "./run.ts";

export interface ConformanceResults {
  /** Names of the suite's cases. Most occur several times, because they run once per blob or manifest. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/**
 * Runs the suite's cases for a registry that can't be pushed to: ping; HEAD and GET of the tags, manifests and blobs of each content; listing of
 * tags; referrers; unknown and malformed references.
 * @param registry plain HTTP, or HTTPS with `caFile`
 * @param contents existing content, all in one repository
 * @throws ClientError when the suite ends without results
 */
export async function ociConformance(
  registry: URL,
  contents: readonly Content[],
  { caFile }: { caFile?: string } = {},
): Promise<ConformanceResults> {
  const [{ repository }] = contents as [Content];
  const manifests = contents.flatMap(({ manifest, children }) => [
    manifest,
    ...children.map((it) => it.manifest),
  ]);
  const blobs = contents.flatMap((content) => [content, ...content.children]).flatMap((it) => it.blobs);
  const digests = (parts: readonly { digest: Digest }[]) => [...new Set(parts.map(({ digest }) => digest))];
  const env = {
    ...(caFile !== undefined && { SSL_CERT_FILE: caFile }),
    OCI_REGISTRY: registry.host,
    OCI_TLS: registry.protocol === "https:" ? "enabled" : "disabled",
    OCI_REPO1: repository,
    OCI_VERSION: "1.1",
    OCI_API_PUSH: "false",
    OCI_API_BLOBS_DELETE: "false",
    OCI_API_BLOBS_ATOMIC: "false",
    OCI_API_MANIFESTS_DELETE: "false",
    OCI_API_MANIFESTS_ATOMIC: "false",
    OCI_API_TAGS_DELETE: "false",
    OCI_RO_DATA_TAGS: contents.flatMap(({ tags }) => tags).join(" "),
    OCI_RO_DATA_MANIFESTS: digests(manifests).join(" "),
    OCI_RO_DATA_BLOBS: digests(blobs).join(" "),
    OCI_RO_DATA_REFERRERS: contents[0]?.manifest.digest,
  };
  await using results = await tempDir();
  const options = { cwd: results.path, env, reject: false, timeout: 120_000 } as const;
  const { stdout, stderr } = await execa(await ensureTool("oci-conformance"), [], options);
  // It reads the terminal output, because the suite panics in read-only mode before it writes one of its files.
  const cases = [...stdout.matchAll(/^ *OCI Conformance Test\/(.+): (Pass|FAIL|Error|Skip|Disabled)$/gm)];
  if (cases.length === 0) throw new ClientError(`no results\n${stdout}\n${stderr}`);
  const withStatus = (...wanted: string[]) =>
    cases.flatMap(([, name = "", status = ""]) => (wanted.includes(status) ? [name] : [])).sort();
  return { passed: withStatus("Pass"), failed: withStatus("FAIL", "Error") };
}
