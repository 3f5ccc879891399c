import * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "./dynamic-resource.ts";
import type { Host } from "./kind.ts";
import { type Endpoint, trustedAuthority } from "./trusted-authority.ts";
import type { PrivateAuthorityInputs } from "./vm/private-authority-provider.ts";

type Provider = typeof import("./vm/private-authority-provider.ts");

const provider = providerText<Provider>(import.meta.url, "vm/private-authority-provider", {
  create: (module, inputs) => module.create(inputs),
  diff: (module, _id, olds, news) => module.diff(olds, news),
});

/**
 * The certificate authority of a region with `tls: { mode: private }`. It outlives the machine and the disk, so clients trust it once. A virtual machine has its key,
 * and creates and renews its own certificate. For a cluster, Pulumi issues the certificate, and the cluster doesn't get the key.
 */
export class PrivateAuthority extends DynamicResource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;

  constructor(name: string, args: PrivateAuthorityInputs, options: pulumi.CustomResourceOptions) {
    super(
      provider,
      "vm:PrivateAuthority",
      name,
      { ...args, certificate: undefined, key: undefined },
      { ...options, additionalSecretOutputs: ["key"] },
    );
  }

  /** Certificate and key in one PEM text, as the machine reads them. */
  get pem(): pulumi.Output<string> {
    return pulumi.secret(pulumi.concat(this.certificate, this.key));
  }
}

/** The configuration that these functions read. */
interface Served {
  readonly name: string;
  readonly endpoint: Endpoint;
}

/** Creates the authority if the region's TLS mode needs one. */
export function createAuthority(
  { name, endpoint }: Served,
  options: pulumi.CustomResourceOptions,
): PrivateAuthority | undefined {
  if (endpoint.tls.mode !== "private") return undefined;
  return new PrivateAuthority(name, { hostname: endpoint.hostname }, options);
}

/** See {@link trustedAuthority}. */
export function trusted({ endpoint }: Served, authority: PrivateAuthority | undefined): Host["ca"] {
  return pulumi
    .output(authority?.certificate)
    .apply((certificate) => trustedAuthority(endpoint, certificate));
}
