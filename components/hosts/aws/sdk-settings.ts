/** As far as all clients of the AWS SDK have them. */
export interface ClientSettings {
  /** URL. @default the service's */
  readonly endpoint?: string;
  readonly requestHandler?: object;
  readonly maxAttempts?: number;
}

/**
 * For what the provider can't do. Credentials come from the environment, as the provider's (see provider.ts), and so does the proxy, which the SDK by
 * itself doesn't know: https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function sdkSettings(region: string, { requestHandler, ...others }: ClientSettings = {}) {
  return {
    region,
    requestHandler: { httpsAgent: { proxyEnv: process.env }, ...requestHandler },
    ...others,
  };
}

/** Of what may stay without an answer. */
export const briefly: ClientSettings = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 5000 },
};
