import type { Architecture } from "../../../capacity/machine.ts";
import { script } from "../../../shell/script.ts";
import { packed, renderUserData } from "../../vm/user-data.ts";

export interface AwsUserDataOptions {
  /** An AWS region's code. */
  readonly region: string;
  /** Name of the bucket with the Pod. */
  readonly bucket: string;
  readonly architecture: Architecture;
  /** Id of the data disk: `vol-…` */
  readonly volumeId: string;
}

/** In bytes, before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
export const userDataLimitBytes = 16_384;

/** The user data of a cache in AWS: compressed, then base64. It is far below the limit for every configuration. */
export function awsUserData({ region, bucket, architecture, volumeId }: AwsUserDataOptions): string {
  const userData = renderUserData({
    region,
    // udev's name for an EBS volume: the model, and the serial number, which is the volume's id without its dash.
    dataDevice: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace("-", "")}`,
    cloud: cloudScript(region, bucket),
    prepare: installSsmAgent(region, architecture),
  });
  return Buffer.from(packed(userData)).toString("base64");
}

export function cloudScript(region: string, bucket: string): string {
  return script(import.meta.url, "cloud.sh")
    .replaceAll("@REGION@", region)
    .replaceAll("@BUCKET@", bucket);
}

/** Version of Session Manager's agent on the machine: https://github.com/aws/amazon-ssm-agent/releases */
const ssmAgentVersion = "3.3.4851.0";

/** Installs the agent if the image lacks it. Debian has no package for it: https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html */
export function installSsmAgent(region: string, architecture: Architecture): string[][] {
  const url = `https://s3.${region}.amazonaws.com/amazon-ssm-${region}/${ssmAgentVersion}/debian_${architecture}/amazon-ssm-agent.deb`;
  const file = "/run/amazon-ssm-agent.deb";
  const install = `curl -fsSL --retry 5 -o ${file} ${url} && apt-get install -y ${file}`;
  return [["sh", "-c", `dpkg-query --show amazon-ssm-agent || { ${install}; }`]];
}
