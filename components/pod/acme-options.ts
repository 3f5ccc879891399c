/** How the Pod gets its own certificate, by lego: https://go-acme.github.io/lego/ */
export interface AcmeOptions {
  readonly email: string;
  /** Directory URL of the authority. @default Let's Encrypt */
  readonly server?: string;
  /** lego's name of the DNS provider, for example `route53`. */
  readonly dnsProvider: string;
  /**
   * What that provider reads; no secret: the machine's identity has the rights. Also lego's own settings, as `LEGO_…`, and how often acme.sh looks:
   * see there.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a private zone hides the public one in which the name is proved: then nobody here can see when the proof is there, and lego waits a minute. @default false */
  readonly isShadowed?: boolean;
}
