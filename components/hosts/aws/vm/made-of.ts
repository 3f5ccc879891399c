import type { Architecture } from "../../../capacity/machine.ts";
import type { AwsVmRegion } from "../../../config/schema.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import { type Fate, fateOf } from "../../vm/fate.ts";
import { keptImage } from "../../vm/image.ts";
import { awsUserData } from "./user-data.ts";

/** What makes another machine of a machine, see machine.ts; another type of the same architecture doesn't. */
interface MadeOf {
  /** Id of an AMI. */
  readonly image: string;
  /** Base64. */
  readonly userData: string;
  /** In which its network interface is. */
  readonly subnetId: string;
  /** ARN of the key of its root volume. Undefined: whichever it has. */
  readonly kmsKeyArn: string | undefined;
}

/** What the update has found to make a machine of. */
interface FoundMachine {
  readonly type: string;
  readonly architecture: Architecture;
  /** That of the configuration, or the newest of Debian, which a region doesn't take that keeps one. */
  readonly image: string;
  /** @default the region has its own */
  readonly subnetId: string | undefined;
  /** @default whichever it has */
  readonly kmsKeyArn: string | undefined;
}

/**
 * What the update does with the region's machine, and with its type: another one is another start of the machine that stays.
 * @param found @default a machine can't be made
 */
export async function fateOfMachine(
  region: AwsVmRegion,
  found: FoundMachine | undefined,
): Promise<{ readonly ofMachine: Fate; readonly ofType: Fate }> {
  const [machines, interfaces] = await Promise.all([
    previousOutputs<{
      ami: string;
      instanceType: string;
      userDataBase64: string;
      rootBlockDevice: { readonly kmsKeyId?: string };
    }>("aws:ec2/instance:Instance"),
    previousOutputs<{ subnetId: string }>("aws:ec2/networkInterface:NetworkInterface"),
  ]);
  const machine = machines.get(region.name);
  if (!found || !machine) return { ofMachine: "new", ofType: "new" };
  const { ami: image, instanceType: type, userDataBase64: userData, rootBlockDevice } = machine;
  // Without one in the configuration, the provider leaves it as it is.
  const kmsKeyArn = found.kmsKeyArn && rootBlockDevice?.kmsKeyId;
  const subnetId = interfaces.get(region.name)?.subnetId;
  const fate = fateOf({ image, userData, subnetId, kmsKeyArn }, await wantedMadeOf(region, found, subnetId));
  return { ofMachine: fate, ofType: fate === "stays" && type !== found.type ? "new" : fate };
}

/**
 * With the disk, the bucket and the network that are there.
 * @returns undefined where one of them is yet to be made
 */
async function wantedMadeOf(
  { name, machine: { image: pinned } }: AwsVmRegion,
  { architecture, image: newest, ...found }: FoundMachine,
  previousSubnetId: string | undefined,
): Promise<MadeOf | undefined> {
  const [attachments, buckets, ownSubnets, kept] = await Promise.all([
    previousOutputs<{ volumeId: string }>("aws:ec2/volumeAttachment:VolumeAttachment"),
    previousOutputs<{ bucket: string }>("aws:s3/bucket:Bucket"),
    previousOutputs("aws:ec2/subnet:Subnet"),
    keptImage(name, architecture),
  ]);
  const volumeId = attachments.get(name)?.volumeId;
  const bucket = buckets.get(name)?.bucket;
  const subnetId = found.subnetId ?? (ownSubnets.has(name) ? previousSubnetId : undefined);
  if (volumeId === undefined || bucket === undefined || subnetId === undefined) return undefined;
  return {
    image: pinned ?? kept ?? newest,
    userData: awsUserData({ region: name, bucket, architecture, volumeId }),
    subnetId,
    kmsKeyArn: found.kmsKeyArn,
  };
}
