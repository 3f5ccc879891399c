/**
 * Signatures as cosign attaches them: an artifact at the tag `sha256-<hex>.sig` in the repository of the signed manifest.
 * Format: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { artifact, blob, type Content, jsonBlob, mediaTypes, sha256 } from "./content.ts";

/**
 * The signature of one manifest.
 *
 * ECDSA signatures differ from run to run, so this is the only content whose digest isn't reproducible.
 *
 * As in cosign's signatures, the signed identity has no tag. A policy.json accepts it with `signedIdentity` of type
 * `matchRepository` (pulls by the registry's own name, also through mirrors) or `exactRepository`.
 *
 * @param registry the registry's name in the signed identity, as clients write it
 * @param key a private key of the curve P-256. @default a new one, for a signature that nobody verifies
 */
export function signatureOf(
  signed: Content,
  registry: string,
  key: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
): Content {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": `${registry}/${signed.repository}` },
        image: { "docker-manifest-digest": signed.manifest.digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );
  return artifact({
    repository: signed.repository,
    tags: [`${signed.manifest.digest.replace(":", "-")}.sig`],
    config: jsonBlob(mediaTypes.imageConfig, {
      architecture: "",
      os: "",
      config: {},
      rootfs: { type: "layers", diff_ids: [sha256(payload)] },
    }),
    layers: [
      blob("application/vnd.dev.cosign.simplesigning.v1+json", payload, {
        "dev.cosignproject.cosign/signature": sign("sha256", payload, key).toString("base64"),
      }),
    ],
  });
}
