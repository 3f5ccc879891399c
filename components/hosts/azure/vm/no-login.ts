import { createHash } from "node:crypto";

/**
 * An SSH key with which nobody can log in. Azure requires a password or a key for a Linux machine, but nobody should log in: the firewall has no open port for SSH, and
 * `az vm run-command` needs neither.
 *
 * The public key is a hash, so its private key was never known and can't be computed.
 */
export function publicKeyOfNobody(): string {
  const type = "ssh-ed25519";
  const point = createHash("sha256").update("There is no private key for this public key.").digest();
  // https://www.rfc-editor.org/rfc/rfc8709#section-4
  const fields = [Buffer.from(type), point].flatMap((field) => [Buffer.from([0, 0, 0, field.length]), field]);
  return `${type} ${Buffer.concat(fields).toString("base64")} nobody`;
}
