import type { Architecture } from "../../capacity/machine.ts";
import type { VmPodOptions } from "../vm/pod.ts";
import type { StoredPod } from "../vm/user-data.ts";
import { vmUserData } from "../vm/vm.ts";

export interface AwsUserDataOptions extends VmPodOptions {
  readonly storedPod: StoredPod;
  readonly architecture: Architecture;
  /** Of the data disk: `vol-…` */
  readonly volumeId: string;
}

/** In bytes, before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
export const userDataLimitBytes = 16_384;

/**
 * The user data of a cache in AWS, compressed.
 * @throws UserDataTooLarge
 */
export function awsUserData(options: AwsUserDataOptions): Uint8Array {
  const { name: region } = options.region;
  return vmUserData({
    ...options,
    // The name that udev's rules give an EBS volume, by model and serial number, which is the id without its dash.
    dataDevice: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${options.volumeId.replace("-", "")}`,
    fetchSecret: fetchSecret(region),
    prepare: installSsmAgent(region, options.architecture),
    limitBytes: userDataLimitBytes,
  });
}

/** Debian's image has the AWS CLI; it takes the machine's own identity. */
function fetchSecret(region: string): string {
  return `#!/bin/sh
case $1 in
s3://*) exec aws s3 cp --region ${region} --quiet "$1" - ;;
*) exec aws ssm get-parameter --region ${region} --with-decryption --name "$1" --query Parameter.Value --output text ;;
esac
`;
}

/** Session Manager's part on the machine: https://github.com/aws/amazon-ssm-agent/releases */
const ssmAgentVersion = "3.3.4851.0";

/** Where the image hasn't got it. Debian has no package of it: https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html */
export function installSsmAgent(region: string, architecture: Architecture): string[][] {
  const url = `https://s3.${region}.amazonaws.com/amazon-ssm-${region}/${ssmAgentVersion}/debian_${architecture}/amazon-ssm-agent.deb`;
  const file = "/run/amazon-ssm-agent.deb";
  const install = `curl -fsSL --retry 5 -o ${file} ${url} && apt-get install -y ${file}`;
  return [["sh", "-c", `dpkg-query --show amazon-ssm-agent || { ${install}; }`]];
}
