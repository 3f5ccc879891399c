import * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "./dynamic-resource.ts";
import type { Host } from "./kind.ts";
import type { PrivateAuthorityInputs } from "./vm/private-authority-provider.ts";

type Provider = typeof import("./vm/private-authority-provider.ts");

const provider = providerText<Provider>(import.meta.url, "vm/private-authority-provider", {
  create: (module, inputs) => module.create(inputs),
  diff: (module, _id, olds, news) => module.diff(olds, news),
});

/**
 * The authority for a region with `tls: { mode: private }`. It outlives machine and disk, so clients trust it once; with its key, the machine makes and renews
 * its certificate by itself.
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

  /** Certificate and key, as the machine takes them. */
  get pem(): pulumi.Output<string> {
    return pulumi.secret(pulumi.concat(this.certificate, this.key));
  }
}

/** The part of a region that matters here. */
interface Served {
  readonly endpoint: {
    readonly hostname: string;
    readonly tls: { readonly mode: string; readonly ca?: string };
  };
}

/** For a region that needs one. */
export function createAuthority(
  name: string,
  { endpoint }: Served,
  options: pulumi.CustomResourceOptions,
): PrivateAuthority | undefined {
  if (endpoint.tls.mode !== "private") return undefined;
  return new PrivateAuthority(name, { hostname: endpoint.hostname }, options);
}

/** What clients are told: what to trust, and in which file their configuration looks for it. */
export function trusted({ endpoint }: Served, authority: PrivateAuthority | undefined): Host["ca"] {
  const file = `/etc/registry-cache/${endpoint.hostname}.crt`;
  const known = authority?.certificate ?? pulumi.output(endpoint.tls.ca);
  return known.apply((certificate) => (certificate === undefined ? undefined : { file, certificate }));
}
