/** Certificates in the form in which a machine gets them from the secret store. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { create } from "../../components/hosts/vm/private-authority-provider.ts";
import { tempDir } from "../support/scope.ts";
import { hostname } from "./surroundings.ts";

export interface StoredCertificate {
  /** PEM, for clients. */
  readonly ca: string;
  /** PEM of certificate and key, of the authority or of the server. */
  readonly secret: string;
}

/** For `tls: { mode: private }`. */
export async function privateAuthority(): Promise<StoredCertificate> {
  const { outs } = await create({ hostname });
  return { ca: outs.certificate, secret: outs.certificate + outs.key };
}

/** For `tls: { mode: provided }`. Each call makes another one, with another authority. */
export async function providedCertificate(): Promise<StoredCertificate> {
  await using directory = await tempDir();
  const { ca } = await makeCertificate({ directory: directory.path, names: [hostname] });
  const files = ["tls.crt", "tls.key"].map((name) => readFile(join(directory.path, "tls", name), "utf8"));
  return { ca: ca?.certificate ?? "", secret: (await Promise.all(files)).join("") };
}
