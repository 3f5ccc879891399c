import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, readFile, rename, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { authorityFor, canIssue, issue, makeAuthority, readCertificate } from "../private-ca.ts";
import { giveFile, makeOpenDirectory } from "./owned-files.ts";

export interface CertificateInputs {
  /** Absolute path of the directory that gets `tls/`, and `ca/` for a private authority. */
  readonly directory: string;
  /** DNS names and IP addresses that the certificate covers. */
  readonly names: readonly string[];
  /** Absolute paths of PEM files to copy the certificate from. @default a private authority issues the certificate */
  readonly files?: { readonly certificateFile: string; readonly keyFile: string };
}

export interface Certificate {
  /** SHA-256 fingerprint of the certificate. It changes with each renewal. */
  readonly fingerprint: string;
  /** The private authority's certificate, for clients: an absolute path, and its content as PEM. */
  readonly ca?: { readonly file: string; readonly certificate: string };
}

/** `pulumi up` renews a certificate of the private authority that has fewer days left than this. */
const renewalDays = 30;

/** Creates or copies the certificate. Replaces an existing one only after everything succeeded. */
export async function makeCertificate(inputs: CertificateInputs): Promise<Certificate> {
  const { tls, ca } = directories(inputs);
  await makeOpenDirectory(tls);
  const draft = { certificateFile: join(tls, "new.crt"), keyFile: join(tls, "new.key") };
  if (inputs.files) {
    await copyFile(inputs.files.certificateFile, draft.certificateFile);
    await copyFile(inputs.files.keyFile, draft.keyFile);
  } else {
    const known = await authorityFor(inputs.names, ca);
    const authority = known && (await canIssue(known)) ? known : await makeAuthority(inputs.names, ca);
    await issue(authority, inputs.names, draft);
  }
  await chmod(draft.certificateFile, 0o644);
  await giveFile(draft.keyFile);
  await rename(draft.keyFile, join(tls, "tls.key"));
  await rename(draft.certificateFile, join(tls, "tls.crt"));
  const found = await findCertificate(inputs);
  if (!found)
    throw new Error(`the certificate in ${tls} is not for ${inputs.names.join(", ")}, or has expired`);
  return found;
}

/** @returns undefined if the directory has no certificate that the Pod can read, matches the inputs, and is valid for long enough */
export async function findCertificate(inputs: CertificateInputs): Promise<Certificate | undefined> {
  const { tls, ca } = directories(inputs);
  const certificate = await readCertificate(join(tls, "tls.crt")).catch(() => undefined);
  if (!certificate || !existsSync(join(tls, "tls.key"))) return undefined;
  // An earlier version left files that only their owner can read, if the umask said so.
  const { mode } = await stat(join(tls, "tls.crt"));
  if (((await stat(tls)).mode & 0o005) !== 0o005 || (mode & 0o004) === 0) return undefined;
  const { fingerprint256: fingerprint } = certificate;
  if (inputs.files) {
    const wanted = await readCertificate(inputs.files.certificateFile);
    return wanted.fingerprint256 === fingerprint ? { fingerprint } : undefined;
  }
  const authority = await authorityFor(inputs.names, ca);
  if (!authority) return undefined;
  const authorityPem = await readFile(authority.certificateFile, "utf8");
  const sound =
    certificate.verify(new X509Certificate(authorityPem).publicKey) &&
    inputs.names.every((name) => isFor(certificate, name)) &&
    Date.parse(certificate.validTo) - Date.now() > renewalDays * 24 * 3600 * 1000;
  return sound
    ? { fingerprint, ca: { file: authority.certificateFile, certificate: authorityPem } }
    : undefined;
}

/** Whether the certificate covers the DNS name or IP address. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}

function directories({ directory }: CertificateInputs) {
  return { tls: join(directory, "tls"), ca: join(directory, "ca") };
}
