import { createHash } from "node:crypto";

/**
 * An SSH key that lets nobody in. Azure makes no Linux machine without a password or a key, and nobody is to log in: the firewall has no port for it, and
 * `az vm run-command` needs neither.
 *
 * The public half is a point of the curve that a hash chose, so its private half was never known and can't be found.
 */
export function publicKeyOfNobody(): string {
  const type = "ssh-ed25519";
  const point = createHash("sha256").update("There is no private key for this public key.").digest();
  // https://www.rfc-editor.org/rfc/rfc8709#section-4
  const fields = [Buffer.from(type), point].flatMap((field) => [Buffer.from([0, 0, 0, field.length]), field]);
  return `${type} ${Buffer.concat(fields).toString("base64")} nobody`;
}
