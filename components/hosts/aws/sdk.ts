/** Requests to AWS that the Pulumi provider doesn't offer. The SDK is loaded only when one is made. */
import type { EC2Client, Filter, Instance } from "@aws-sdk/client-ec2";

/** Settings that all clients of the SDK share. */
interface ClientSettings {
  /** URL. @default the service's own endpoint */
  readonly endpoint?: string;
  readonly requestHandler?: object;
  readonly maxAttempts?: number;
}

/**
 * Credentials come from the environment, as for the provider (see provider.ts). The proxy does too, because the SDK doesn't read it by itself:
 * https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function sdkSettings(region: string, { requestHandler, ...others }: ClientSettings = {}) {
  return {
    region,
    requestHandler: { httpsAgent: { proxyEnv: process.env }, ...requestHandler },
    ...others,
  };
}

/** For requests that may fail: short time limits and no retry. */
export const briefly: ClientSettings = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 5000 },
};

export async function ec2Client(region: string, settings?: ClientSettings): Promise<EC2Client> {
  const { EC2Client } = await import("@aws-sdk/client-ec2");
  return new EC2Client(sdkSettings(region, settings));
}

/** Sends EC2 requests that may fail. @throws Error if EC2 doesn't answer */
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

/** Includes instances that EKS manages, which the account's settings can hide: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export async function instancesIn(client: EC2Client, Filters: Filter[]): Promise<Instance[]> {
  const { paginateDescribeInstances } = await import("@aws-sdk/client-ec2");
  const request = { IncludeManagedResources: true, Filters };
  const instances: Instance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, request))
    instances.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  return instances;
}
