import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "../dynamic-resource.ts";
import type { PrivateCertificateInputs } from "./private-certificate-provider.ts";

type Provider = typeof import("./private-certificate-provider.ts");

const provider = providerText<Provider>(import.meta.url, "private-certificate-provider", {
  create: (module, inputs) => module.create(inputs),
  diff: (module, _id, olds, news) => module.diff(olds, news),
  update: (module, _id, _olds, news) => module.update(news),
});

/** A server certificate by a private authority. The first `pulumi up` in the last third of its lifetime renews it. */
export class PrivateCertificate extends DynamicResource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly [Name in keyof PrivateCertificateInputs]: pulumi.Input<string> },
    options: pulumi.CustomResourceOptions,
  ) {
    super(
      provider,
      "kubernetes:PrivateCertificate",
      name,
      { ...args, certificate: undefined, key: undefined, renewFrom: undefined },
      { ...options, additionalSecretOutputs: ["key", "authorityKey"] },
    );
  }
}
