import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { awsRootGiB } from "../../../capacity/disk.ts";
import type { VmArgs } from "./findings.ts";

export interface MachineArgs {
  /** Id of an AMI. */
  readonly image: pulumi.Input<string>;
  /** Base64. Another one is another machine. */
  readonly userData: pulumi.Input<string>;
  readonly instanceProfile: pulumi.Input<string>;
  readonly networkInterfaceId: pulumi.Input<string>;
  readonly disk: Volume;
  /** What must be there when the machine starts. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The EC2 instance with the data disk. It holds nothing that isn't on that disk, so it is replaced rather than changed: first deleted, which
 * frees the disk, then followed by the new one. https://github.com/pulumi/pulumi-aws/issues/2769
 */
export function createMachine(
  name: string,
  { plan: { names }, found }: VmArgs,
  { image, userData, instanceProfile, networkInterfaceId, disk, after }: MachineArgs,
  options: pulumi.CustomResourceOptions,
): Instance {
  const { kmsKeyArn: kmsKeyId } = found;
  const instance = new Instance(
    name,
    {
      ami: image,
      instanceType: found.machine.capacity.machine.type,
      iamInstanceProfile: instanceProfile,
      primaryNetworkInterface: { networkInterfaceId },
      userDataBase64: userData,
      // cloud-init does its work once for an instance.
      userDataReplaceOnChange: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        // The Pod is on the machine's own network; a container on another one gets no credentials.
        httpPutResponseHopLimit: 1,
        // Nothing on the machine reads them.
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
    // A disk and an interface can't be on two machines at once.
    { ...options, deleteBeforeReplace: true, dependsOn: [...after] },
  );
  new VolumeAttachment(
    name,
    {
      instanceId: instance.id,
      volumeId: disk.id,
      // Required; the machine knows the disk by the volume's id.
      deviceName: "/dev/sdf",
      // EC2 detaches it from a machine that it deletes, once that is shut down. To detach it before would leave the stack stuck when there is no new machine to be had:
      // the engine repeats that step in the next update, and the provider can't stop a machine that is gone.
      // https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/step_generator.go#L2083
      skipDestroy: true,
    },
    { ...options, deleteBeforeReplace: true },
  );
  return instance;
}

/**
 * The data disk: cache, metrics, and certificate. It outlives the machine, and isn't deleted by mistake: `pulumi destroy` stops at it and names
 * `pulumi state unprotect`, the way to delete it after all. It grows and gets faster in place. In another zone, or with another key, it would be another disk, which `protect`
 * doesn't let happen.
 */
export function createDisk(
  name: string,
  { plan: { names }, found: { machine, kmsKeyArn: kmsKeyId } }: VmArgs,
  zone: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): Volume {
  const { type, sizeGiB: size, iops, throughput } = machine.capacity.disk;
  return new Volume(
    name,
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
