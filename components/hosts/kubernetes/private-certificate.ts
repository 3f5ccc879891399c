import * as pulumi from "@pulumi/pulumi";
import { providerPath } from "../provider-path.ts";
import type { PrivateCertificateInputs } from "./private-certificate-provider.ts";

const module = providerPath(import.meta.url, "private-certificate-provider");

/** One line per method, for the reason that podman-pod-resource.ts gives. */
const load = async (): Promise<typeof import("./private-certificate-provider.ts")> =>
  import(`${process.cwd()}/${module}`);

const provider: pulumi.dynamic.ResourceProvider = {
  create: async (inputs) => (await load()).create(inputs),
  diff: async (_id, olds, news) => (await load()).diff(olds, news),
  update: async (_id, _olds, news) => (await load()).update(news),
};

/** A server's certificate by a private authority. It is renewed by the first `pulumi up` in the last third of its time. */
export class PrivateCertificate extends pulumi.dynamic.Resource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly [Name in keyof PrivateCertificateInputs]: pulumi.Input<string> },
    options: pulumi.CustomResourceOptions,
  ) {
    super(
      provider,
      name,
      { ...args, certificate: undefined, key: undefined, renewFrom: undefined },
      { ...options, additionalSecretOutputs: ["key", "authorityKey"] },
      "kubernetes",
      "PrivateCertificate",
    );
  }
}
