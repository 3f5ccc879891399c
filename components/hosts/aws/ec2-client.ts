import { EC2Client } from "@aws-sdk/client-ec2";
import { type ClientSettings, sdkSettings } from "./sdk-settings.ts";

export function ec2Client(region: string, settings?: ClientSettings): EC2Client {
  return new EC2Client(sdkSettings(region, settings));
}
