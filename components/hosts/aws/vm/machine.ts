import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { awsRootGiB } from "../../../capacity/disk.ts";
import type { VmArgs } from "./findings.ts";

export interface MachineArgs {
  /** Id of an AMI. */
  readonly image: pulumi.Input<string>;
  /** Base64. Another value replaces the machine. */
  readonly userData: pulumi.Input<string>;
  readonly instanceProfile: pulumi.Input<string>;
  readonly networkInterfaceId: pulumi.Input<string>;
  readonly disk: Volume;
  /** Resources that must exist when the machine starts. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The EC2 instance with its data disk. All its state is on that disk, so the instance is replaced, not changed. The old one is deleted first, to free the
 * disk, and then the new one is created. https://github.com/pulumi/pulumi-aws/issues/2769
 */
export function createMachine(
  { plan: { region, names }, found }: VmArgs,
  { image, userData, instanceProfile, networkInterfaceId, disk, after }: MachineArgs,
  options: pulumi.CustomResourceOptions,
): Instance {
  const { name } = region;
  const { kmsKeyArn: kmsKeyId } = found;
  const instance = new Instance(
    name,
    {
      ami: image,
      instanceType: found.machine.capacity.machine.type,
      iamInstanceProfile: instanceProfile,
      primaryNetworkInterface: { networkInterfaceId },
      userDataBase64: userData,
      // cloud-init runs only once per instance.
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        // The Pod uses the machine's network. A container on another network is one hop further away, and gets no credentials.
        httpPutResponseHopLimit: 1,
        // Nothing on the machine reads the tags.
        instanceMetadataTags: "disabled",
      },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: awsRootGiB,
        encrypted: true,
        ...(kmsKeyId !== undefined && { kmsKeyId }),
        deleteOnTermination: true,
        tags: names.tags("root"),
      },
      tags: names.tags(),
    },
    // A disk or an interface can't be attached to two machines at once.
    { ...options, deleteBeforeReplace: true, dependsOn: [...after] },
  );
  new VolumeAttachment(
    name,
    {
      instanceId: instance.id,
      volumeId: disk.id,
      // Required by EC2. The machine finds the disk by the volume's id instead.
      deviceName: "/dev/sdf",
      // EC2 detaches the disk from a deleted machine once that has shut down. If Pulumi detached it earlier and no new machine were available, the stack would get stuck:
      // the engine repeats the step in the next update, and the provider can't stop a machine that no longer exists.
      // https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/step_generator.go#L2083
      skipDestroy: true,
    },
    { ...options, deleteBeforeReplace: true },
  );
  return instance;
}

/**
 * The data disk with cache, metrics and certificate. It outlives the machine. It is protected against accidental deletion: `pulumi destroy` stops at the disk and names
 * `pulumi state unprotect`, which allows the deletion. Size and speed can grow in place. Another zone or another key would need another disk, which `protect`
 * prevents.
 */
export function createDisk(
  { plan: { region, names }, found: { machine, kmsKeyArn: kmsKeyId } }: VmArgs,
  zone: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): Volume {
  const { type, sizeGiB: size, iops, throughput } = machine.capacity.disk;
  return new Volume(
    region.name,
    {
      availabilityZone: zone,
      type,
      size,
      iops,
      throughput,
      encrypted: true,
      ...(kmsKeyId !== undefined && { kmsKeyId }),
      tags: names.tags("data"),
    },
    { ...options, protect: true },
  );
}
