import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "../dynamic-resource.ts";
import type { Certificate, CertificateInputs } from "./certificate.ts";

type Provider = typeof import("./certificate-provider.ts");

const provider = providerText<Provider>(import.meta.url, "certificate-provider", {
  diff: (module, _id, olds, news) => module.diff(olds, news),
  create: (module, inputs) => module.create(inputs),
  read: (module, id, props) => module.read(id, props),
  update: (module, _id, _olds, news) => module.update(news),
});

/**
 * The endpoint's certificate and key, as files that the Pod can read. The keys never enter the stack's state. A deletion keeps the files, so that
 * clients continue to trust the private authority.
 */
export class EndpointCertificate extends DynamicResource {
  declare readonly fingerprint: pulumi.Output<string>;
  declare readonly ca: pulumi.Output<Certificate["ca"]>;

  constructor(name: string, args: CertificateInputs, options?: pulumi.CustomResourceOptions) {
    super(
      provider,
      "local:EndpointCertificate",
      name,
      { ...args, fingerprint: undefined, ca: undefined },
      options,
    );
  }
}
