import type { Architecture } from "../../capacity/machine.ts";
import { vmUserData } from "../vm/vm.ts";
import type { VmPlanArgs } from "./vm-args.ts";

export interface AwsUserDataOptions
  extends Pick<VmPlanArgs, "region" | "upstreams" | "images" | "monitoring"> {
  readonly architecture: Architecture;
  readonly diskGiB: number;
  /** Of the data disk: `vol-…` */
  readonly volumeId: string;
  /** Of the zone in which the machine proves its name. */
  readonly hostedZoneId?: string;
  /** The SSM parameter of each upstream's credentials, by the upstream's name. */
  readonly storedCredentials: Readonly<Record<string, string>>;
}

/** In bytes, before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
export const userDataLimitBytes = 16_384;

/**
 * The user data of a cache in AWS, compressed.
 * @throws UserDataTooLarge
 */
export function awsUserData(options: AwsUserDataOptions): Uint8Array {
  const { region, hostedZoneId, volumeId } = options;
  return vmUserData({
    provider: "aws",
    region,
    upstreams: options.upstreams,
    images: options.images,
    monitoring: options.monitoring,
    diskGiB: options.diskGiB,
    // The name that udev's rules give an EBS volume, by model and serial number, which is the id without its dash.
    dataDevice: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace("-", "")}`,
    fetchSecret: fetchSecret(region.name),
    storedCredentials: options.storedCredentials,
    dns: {
      dnsProvider: "route53",
      environment: {
        // The service is global, but the SDK wants to know one, and doesn't ask the machine.
        AWS_REGION: region.name,
        // Found by name, it would take a right on all zones.
        ...(hostedZoneId !== undefined && { AWS_HOSTED_ZONE_ID: hostedZoneId }),
      },
    },
    prepare: installSsmAgent(region.name, options.architecture),
    limitBytes: userDataLimitBytes,
  });
}

/** Debian's image has the AWS CLI; it takes the machine's own identity. */
function fetchSecret(region: string): string {
  return [
    "#!/bin/sh",
    `exec aws ssm get-parameter --region ${region} --with-decryption --name "$1" --query Parameter.Value --output text`,
    "",
  ].join("\n");
}

/** Session Manager's part on the machine: https://github.com/aws/amazon-ssm-agent/releases */
const ssmAgentVersion = "3.3.4851.0";

/** Debian has no package of it: https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html */
function installSsmAgent(region: string, architecture: Architecture): string[][] {
  const bucket = `https://s3.${region}.amazonaws.com/amazon-ssm-${region}`;
  const file = "/run/amazon-ssm-agent.deb";
  return [
    [
      "curl",
      "-fsSL",
      "--retry",
      "5",
      "-o",
      file,
      `${bucket}/${ssmAgentVersion}/debian_${architecture}/amazon-ssm-agent.deb`,
    ],
    ["apt-get", "install", "-y", file],
  ];
}
