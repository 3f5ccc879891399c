/** What the provider can't do. The SDK is loaded for it alone. */
import type { EC2Client, Filter, Instance } from "@aws-sdk/client-ec2";

/** As far as all clients of the SDK have them. */
interface ClientSettings {
  /** URL. @default the service's */
  readonly endpoint?: string;
  readonly requestHandler?: object;
  readonly maxAttempts?: number;
}

/**
 * Credentials come from the environment, as the provider's (see provider.ts), and so does the proxy, which the SDK by itself doesn't know:
 * https://nodejs.org/api/http.html#built-in-proxy-support
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

export async function ec2Client(region: string, settings?: ClientSettings): Promise<EC2Client> {
  const { EC2Client } = await import("@aws-sdk/client-ec2");
  return new EC2Client(sdkSettings(region, settings));
}

/** Asks EC2 for what may stay without an answer. @throws Error without one */
export async function askEc2<Answer>(
  region: string,
  ask: (client: EC2Client, sdk: typeof import("@aws-sdk/client-ec2")) => Promise<Answer>,
): Promise<Answer> {
  const client = await ec2Client(region, briefly);
  try {
    return await ask(client, await import("@aws-sdk/client-ec2"));
  } finally {
    client.destroy();
  }
}

/** Also those that the account may hide, as EKS manages them: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export async function instancesIn(client: EC2Client, Filters: Filter[]): Promise<Instance[]> {
  const { paginateDescribeInstances } = await import("@aws-sdk/client-ec2");
  const request = { IncludeManagedResources: true, Filters };
  const instances: Instance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, request))
    instances.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  return instances;
}
