import * as pulumi from "@pulumi/pulumi";
import { providerPath } from "../provider-path.ts";
import type { Certificate, CertificateInputs } from "./certificate.ts";

const module = providerPath(import.meta.url, "certificate-provider");

/** One line per method, for the reason that podman-pod-resource.ts gives. */
const load = async (): Promise<typeof import("./certificate-provider.ts")> =>
  import(`${process.cwd()}/${module}`);

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news) => (await load()).diff(olds, news),
  create: async (inputs) => (await load()).create(inputs),
  read: async (id, props) => (await load()).read(id, props),
  update: async (_id, _olds, news) => (await load()).update(news),
};

/**
 * The endpoint's certificate and key, as files that the Pod can read; the keys never enter the stack's state. A deletion keeps the files, so that
 * clients which trust the private authority go on doing so.
 */
export class EndpointCertificate extends pulumi.dynamic.Resource {
  declare readonly fingerprint: pulumi.Output<string>;
  declare readonly ca: pulumi.Output<Certificate["ca"]>;

  constructor(name: string, args: CertificateInputs, options?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, fingerprint: undefined, ca: undefined },
      options,
      "local",
      "EndpointCertificate",
    );
  }
}
