import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { inWorkDirectory, issue } from "../private-ca.ts";

export interface PrivateCertificateInputs {
  /** The only name that the certificate covers. */
  readonly hostname: string;
  /** PEM, as are all keys and certificates here. */
  readonly authorityCertificate: string;
  readonly authorityKey: string;
}

/** The certificate in the stack's state. */
export interface PrivateCertificateState extends PrivateCertificateInputs {
  readonly certificate: string;
  readonly key: string;
  /** When the last third of the certificate's lifetime begins: ISO 8601. */
  readonly renewFrom: string;
}

export async function create(inputs: PrivateCertificateInputs): Promise<pulumi.dynamic.CreateResult> {
  return { id: inputs.hostname, outs: await issued(inputs) };
}

export async function update(inputs: PrivateCertificateInputs): Promise<pulumi.dynamic.UpdateResult> {
  return { outs: await issued(inputs) };
}

export async function diff(
  olds: PrivateCertificateState,
  news: PrivateCertificateInputs,
): Promise<pulumi.dynamic.DiffResult> {
  const same = (["hostname", "authorityCertificate", "authorityKey"] as const).every(
    (name) => olds[name] === news[name],
  );
  return { changes: !same || Date.now() >= Date.parse(olds.renewFrom) };
}

/** Issues a certificate. The authority's key is on this machine's disk only for a moment. */
async function issued(inputs: PrivateCertificateInputs): Promise<PrivateCertificateState> {
  return inWorkDirectory(join(tmpdir(), "registry-cache-"), async (directory) => {
    const files = (name: string) => ({
      certificateFile: join(directory, `${name}.crt`),
      keyFile: join(directory, `${name}.key`),
    });
    const [authority, target] = [files("ca"), files("tls")];
    await writeFile(authority.certificateFile, inputs.authorityCertificate);
    await writeFile(authority.keyFile, inputs.authorityKey, { mode: 0o600 });
    await issue(authority, [inputs.hostname], target);
    const certificate = await readFile(target.certificateFile, "utf8");
    const { validFrom, validTo } = new X509Certificate(certificate);
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
    return {
      ...inputs,
      certificate,
      key: await readFile(target.keyFile, "utf8"),
      renewFrom: new Date(from + ((to - from) * 2) / 3).toISOString(),
    };
  });
}
