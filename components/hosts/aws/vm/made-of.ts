import type { Architecture } from "../../../capacity/machine.ts";
import type { AwsVmRegion } from "../../../config/schema.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import { type Fate, fateOf } from "../../vm/fate.ts";
import { keptImage } from "../../vm/image.ts";
import { awsUserData } from "./user-data.ts";

/** The properties whose change replaces the machine: see machine.ts. Another type of the same architecture doesn't. */
interface MadeOf {
  /** Id of an AMI. */
  readonly image: string;
  /** Base64. */
  readonly userData: string;
  /** The subnet of the machine's network interface. */
  readonly subnetId: string;
  /** ARN of the root volume's key. Undefined if any key is accepted. */
  readonly kmsKeyArn: string | undefined;
}

/** What the look-up found for a new machine. */
interface FoundMachine {
  readonly type: string;
  readonly architecture: Architecture;
  /** The configured image, or Debian's newest. A region that keeps an image doesn't use the newest. */
  readonly image: string;
  /** @default the stack creates the subnet */
  readonly subnetId: string | undefined;
  /** @default any key */
  readonly kmsKeyArn: string | undefined;
}

/**
 * What the update does with the region's machine, and with its type. If only the type changes, the machine stays but must start as the new type, so `ofType` is `new`.
 * @param found @default a machine can't be created
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
  // Without a configured key, the provider leaves the present one.
  const kmsKeyArn = found.kmsKeyArn && rootBlockDevice?.kmsKeyId;
  const subnetId = interfaces.get(region.name)?.subnetId;
  const fate = fateOf({ image, userData, subnetId, kmsKeyArn }, await wantedMadeOf(region, found, subnetId));
  return { ofMachine: fate, ofType: fate === "stays" && type !== found.type ? "new" : fate };
}

/**
 * Uses the existing disk, bucket and network.
 * @returns undefined if one of them doesn't exist yet
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
