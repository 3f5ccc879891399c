export interface Endpoint {
  readonly hostname: string;
  readonly tls: { readonly mode: string; readonly ca?: string };
}

/**
 * The authority that clients must trust, and the path where their configuration expects its certificate. Undefined if it is a public one.
 * @param certificate of the stack's own authority. @default the configured one
 */
export function trustedAuthority({ hostname, tls }: Endpoint, certificate = tls.ca) {
  return certificate === undefined ? undefined : { file: `/etc/registry-cache/${hostname}.crt`, certificate };
}
