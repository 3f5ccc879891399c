/**
 * Signatures as cosign attaches them: an artifact at the tag `sha256-<hex>.sig` beside what it signs.
 * Format: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { artifact, blob, type Content, jsonBlob, mediaTypes, sha256 } from "./content.ts";

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo as PEM, what `keyPath` in a containers policy.json points at. */
  readonly publicKeyPem: string;
}

/**
 * A P-256 key pair that follows from a phrase, so that content signed in one run verifies in the next.
 * It shows how verification works; whoever reads the phrase can sign too.
 */
export function signingKey(phrase: string): SigningKey {
  const curve = createECDH("prime256v1");
  const d = createHash("sha256").update(phrase).digest();
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const privateKey = createPrivateKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      d: d.toString("base64url"),
      // An uncompressed point is 0x04, x, y.
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    },
  });
  const publicKeyPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  return { privateKey, publicKeyPem };
}

/**
 * The signature of one manifest.
 *
 * ECDSA signatures differ from run to run: this is the one kind of content whose digest isn't reproducible.
 *
 * As with cosign, the signed identity has no tag: a policy.json accepts it with `signedIdentity` of type
 * `matchRepository` (pulls by the registry's own name, also through mirrors) or `exactRepository`.
 *
 * @param registry the registry's name in the signed identity, as clients write it
 */
export function signature(signed: Content, registry: string, key: SigningKey): Content {
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
        "dev.cosignproject.cosign/signature": sign("sha256", payload, key.privateKey).toString("base64"),
      }),
    ],
  });
}

/** The signatures of a manifest and, as `cosign sign --recursive` does, of all manifests under it. */
export function signatures(signed: Content, registry: string, key: SigningKey): Content[] {
  return [signed, ...signed.children].map((content) => signature(content, registry, key));
}
