import type { Architecture } from "../../../capacity/machine.ts";
import type { AwsVmRegion } from "../../../config/schema.ts";
import { previousResource } from "../../previous-outputs.ts";
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

/** What the look-up found for a new machine. Its image is the configured one, or Debian's newest, which a region that keeps an image doesn't use. */
interface FoundMachine extends Pick<MadeOf, "image" | "kmsKeyArn"> {
  readonly type: string;
  readonly architecture: Architecture;
  /** @default the stack creates the subnet */
  readonly subnetId: string | undefined;
}

/**
 * What the update does with the region's machine, and with its type. If only the type changes, the machine stays but must start as the new type, so `ofType` is `new`.
 * @param found @default a machine can't be created
 */
export async function fateOfMachine(
  region: AwsVmRegion,
  found: FoundMachine | undefined,
): Promise<{ readonly ofMachine: Fate; readonly ofType: Fate }> {
  const machine = await previousResource<{
    ami: string;
    instanceType: string;
    userDataBase64: string;
    rootBlockDevice: { readonly kmsKeyId?: string };
  }>("aws:ec2/instance:Instance", region.name);
  if (!found || !machine) return { ofMachine: "new", ofType: "new" };
  const { ami: image, instanceType: type, userDataBase64: userData, rootBlockDevice } = machine;
  // Without a configured key, the provider leaves the present one.
  const kmsKeyArn = found.kmsKeyArn && rootBlockDevice?.kmsKeyId;
  const interfaceType = "aws:ec2/networkInterface:NetworkInterface";
  const { subnetId } = (await previousResource<{ subnetId: string }>(interfaceType, region.name)) ?? {};
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
  const [{ volumeId } = {}, { bucket } = {}, ownSubnet, kept] = await Promise.all([
    previousResource<{ volumeId: string }>("aws:ec2/volumeAttachment:VolumeAttachment", name),
    previousResource<{ bucket: string }>("aws:s3/bucket:Bucket", name),
    previousResource("aws:ec2/subnet:Subnet", name),
    keptImage(name, architecture),
  ]);
  const subnetId = found.subnetId ?? (ownSubnet && previousSubnetId);
  if (volumeId === undefined || bucket === undefined || subnetId === undefined) return undefined;
  return {
    image: pinned ?? kept ?? newest,
    userData: awsUserData({ region: name, bucket, architecture, volumeId }),
    subnetId,
    kmsKeyArn: found.kmsKeyArn,
  };
}
