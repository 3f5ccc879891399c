import type { EC2Client } from "@aws-sdk/client-ec2";
import { briefly } from "./sdk-settings.ts";

type Sdk = typeof import("@aws-sdk/client-ec2");

/** Asks EC2 what the provider has no function for, and what may stay without an answer. The SDK is loaded for it alone. @throws Error without an answer */
export async function askEc2<Answer>(
  region: string,
  ask: (client: EC2Client, sdk: Sdk) => Promise<Answer>,
): Promise<Answer> {
  const [sdk, { ec2Client }] = await Promise.all([import("@aws-sdk/client-ec2"), import("./ec2-client.ts")]);
  const client = ec2Client(region, briefly);
  try {
    return await ask(client, sdk);
  } finally {
    client.destroy();
  }
}
