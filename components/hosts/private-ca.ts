import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { sha256 } from "./naming.ts";

/** A certificate and its key: absolute paths of PEM files. */
export interface KeyPairFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

const authorityDays = 3650;
const certificateDays = 365;

/**
 * Finds the authority in a directory, if it was created for exactly these names. Its key can be damaged: see {@link canIssue}.
 * @param names DNS names and IP addresses
 */
export async function authorityFor(
  names: readonly string[],
  directory: string,
): Promise<KeyPairFiles | undefined> {
  const files = filesIn(directory);
  if (!existsSync(files.certificateFile) || !existsSync(files.keyFile)) return undefined;
  const certificate = await readCertificate(files.certificateFile).catch(() => undefined);
  return certificate?.subject === `CN=${commonName(names)}` ? files : undefined;
}

/** Whether the key belongs to the certificate. The files can be empty: if the disk is full, openssl writes empty files and reports no error. */
export async function canIssue({ certificateFile, keyFile }: KeyPairFiles): Promise<boolean> {
  try {
    const certificate = await readCertificate(certificateFile);
    return certificate.checkPrivateKey(createPrivateKey(await readFile(keyFile)));
  } catch {
    return false;
  }
}

/** @param file absolute path, PEM @throws Error if the file is missing or holds no certificate */
export async function readCertificate(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(file));
}

/**
 * Creates an authority that can certify only these names. A client that trusts it therefore trusts it for nothing else. Only
 * the key's owner can read the key.
 */
export async function makeAuthority(names: readonly string[], directory: string): Promise<KeyPairFiles> {
  const files = filesIn(directory);
  await mkdir(directory, { recursive: true });
  await inWorkDirectory(join(directory, "new-"), async (work) => {
    const made = filesIn(work);
    await openssl`openssl req -x509 ${newKey} -days ${authorityDays} -sha256 -subj ${`/CN=${commonName(names)}`}
      -addext basicConstraints=critical,CA:TRUE,pathlen:0
      -addext keyUsage=critical,keyCertSign,cRLSign
      -addext ${`nameConstraints=critical,${names.map(permitted).join(",")}`}
      -keyout ${made.keyFile} -out ${made.certificateFile}`;
    if (!(await canIssue(made)))
      throw new Error(`openssl could not write to ${directory}: is its disk full?`);
    await chmod(made.keyFile, 0o600);
    await rename(made.keyFile, files.keyFile);
    await rename(made.certificateFile, files.certificateFile);
  });
  return files;
}

/** Issues a server certificate and writes it into the files of `target`. */
export async function issue(
  authority: KeyPairFiles,
  names: readonly string[],
  target: KeyPairFiles,
): Promise<void> {
  await inWorkDirectory(join(authority.keyFile, "..", "new-"), async (work) => {
    const [request, extensions] = [join(work, "request"), join(work, "extensions")];
    await openssl`openssl req -new ${newKey} -subj /CN=registry-cache -keyout ${target.keyFile} -out ${request}`;
    await writeFile(extensions, serverExtensions(names));
    await openssl`openssl x509 -req -in ${request} -CA ${authority.certificateFile} -CAkey ${authority.keyFile}
      -days ${certificateDays} -sha256 -extfile ${extensions} -out ${target.certificateFile}`;
  });
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function filesIn(directory: string): KeyPairFiles {
  return { certificateFile: join(directory, "ca.crt"), keyFile: join(directory, "ca.key") };
}

/** The authority's subject contains a hash of the names that it can certify. */
function commonName(names: readonly string[]): string {
  return `registry-cache private CA ${sha256(names.join(" ")).slice(0, 16)}`;
}

/** https://docs.openssl.org/3.0/man5/x509v3_config/#name-constraints: an IP address needs a mask. */
function permitted(name: string): string {
  const masks: Record<number, string> = {
    4: "/255.255.255.255",
    6: "/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  };
  return isIP(name) ? `permitted;IP:${name}${masks[isIP(name)]}` : `permitted;DNS:${name}`;
}

function serverExtensions(names: readonly string[]): string {
  return [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    "authorityKeyIdentifier=keyid",
    `subjectAltName=${names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")}`,
  ].join("\n");
}

/** Deletes the directory after the work. @param prefix of the directory's path */
export async function inWorkDirectory<Result>(
  prefix: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(prefix);
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @param command a template, as for execa: each value is one argument or a list of arguments */
async function openssl(
  ...command: readonly [TemplateStringsArray, ...(string | number | readonly string[])[]]
): Promise<void> {
  const result = await execa({ reject: false })(...command);
  if (result.code === "ENOENT") throw new Error("openssl is not installed");
  const [program, action] = result.command.split(" ");
  if (result.failed) throw new Error(`${program} ${action}: ${result.stderr || result.shortMessage}`);
}
