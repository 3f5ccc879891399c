import type * as pulumi from "@pulumi/pulumi";
import { type Certificate, type CertificateInputs, findCertificate, makeCertificate } from "./certificate.ts";

/** The stack's state of a certificate: its inputs, and the certificate that was found. */
type State = CertificateInputs & Certificate;

/** Reuses the certificate that an earlier stack left in the directory. */
export async function create(inputs: CertificateInputs): Promise<pulumi.dynamic.CreateResult> {
  return {
    id: inputs.directory,
    outs: { ...inputs, ...((await findCertificate(inputs)) ?? (await makeCertificate(inputs))) },
  };
}

/** Compares the files with the inputs. A certificate that is missing, close to its end, or for other names is created again. */
export async function diff(state: State, inputs: CertificateInputs): Promise<pulumi.dynamic.DiffResult> {
  const found = await findCertificate(inputs);
  return {
    changes: found?.fingerprint !== state.fingerprint,
    replaces: inputs.directory === state.directory ? [] : ["directory"],
  };
}

export async function read(id: string, state: State): Promise<pulumi.dynamic.ReadResult> {
  const found = await findCertificate(state);
  return found ? { id, props: { ...state, ...found } } : {};
}

export async function update(inputs: CertificateInputs): Promise<pulumi.dynamic.UpdateResult> {
  return { outs: (await create(inputs)).outs };
}
