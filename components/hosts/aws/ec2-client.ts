import { EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";

/**
 * For what the provider can't do. Credentials come from the environment, as the provider's (see provider.ts), and so does the proxy, which the SDK by
 * itself doesn't know: https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function ec2Client(region: string, { requestHandler, ...others }: EC2ClientConfig = {}): EC2Client {
  return new EC2Client({
    region,
    requestHandler: { httpsAgent: { proxyEnv: process.env }, ...requestHandler },
    ...others,
  });
}
