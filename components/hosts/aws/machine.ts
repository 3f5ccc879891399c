import type { Volume } from "@pulumi/aws/ebs/volume.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { awsRootGiB } from "../../capacity/disk.ts";
import type { Names } from "./naming.ts";

export interface MachineArgs {
  readonly names: Names;
  readonly type: string;
  /** Id of an AMI. */
  readonly image: pulumi.Input<string>;
  /** Base64. Another one is another machine. */
  readonly userData: pulumi.Input<string>;
  readonly instanceProfile: pulumi.Input<string>;
  readonly networkInterfaceId: pulumi.Input<string>;
  readonly disk: Volume;
  /** Of its root volume; another one is another machine. @default the account's key for volumes */
  readonly kmsKeyArn?: string | undefined;
  /** What must be there when the machine starts. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The EC2 instance with the data disk. It holds nothing that isn't on that disk, so it is replaced rather than changed: first deleted, which
 * frees the disk, then followed by the new one. https://github.com/pulumi/pulumi-aws/issues/2769
 */
export function createMachine(
  name: string,
  args: MachineArgs,
  options: pulumi.CustomResourceOptions,
): Instance {
  const { names, disk, kmsKeyArn: kmsKeyId } = args;
  const instance = new Instance(
    name,
    {
      ami: args.image,
      instanceType: args.type,
      iamInstanceProfile: args.instanceProfile,
      primaryNetworkInterface: { networkInterfaceId: args.networkInterfaceId },
      userDataBase64: args.userData,
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
    { ...options, deleteBeforeReplace: true, dependsOn: [...args.after] },
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
