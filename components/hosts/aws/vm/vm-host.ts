import * as pulumi from "@pulumi/pulumi";
import { storeUrl } from "../../../pod/object-storage.ts";
import type { Host } from "../../kind.ts";
import { createAuthority, trusted } from "../../private-authority.ts";
import { stableImage } from "../../vm/image.ts";
import { createBucket } from "../bucket.ts";
import { attachZone } from "../hosted-zones.ts";
import { createAddress } from "./address.ts";
import type { VmArgs } from "./findings.ts";
import { createFirewall } from "./firewall.ts";
import { createIdentity } from "./identity.ts";
import { createDisk, createMachine } from "./machine.ts";
import { keepUnavailable } from "./machine-type.ts";
import { createNetwork } from "./network.ts";
import { createPod, createPodBucket, podOptions } from "./pod.ts";
import { createLinkGroup, createPrivateLink } from "./private-link.ts";
import { createRecords } from "./records.ts";
import { createHealthCheck, createRecovery } from "./recovery.ts";
import { createSecrets } from "./secrets.ts";
import { awsUserData } from "./user-data.ts";

/**
 * The cache on an EC2 instance. The running instance takes another Pod without a replacement. Disk, addresses and records outlive the instance. Another image, architecture or user data
 * replaces it; another type of the same architecture stops and starts it.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];
  readonly privateLink: Host["privateLink"];
  readonly pod: pulumi.Output<string>;

  constructor(name: string, args: VmArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:aws:VmHost", name, {}, options);
    const own = { parent: this };
    const { plan, found } = args;
    const { region } = plan;
    const { capacity } = found.machine;
    const { architecture } = capacity.machine;
    keepUnavailable(name, found.machine, own);

    const network = createNetwork(args, own);
    if (!found.subnet) attachZone(args, network.vpcId, own);
    const firewall = createFirewall(args, network.vpcId, own);
    const group = createLinkGroup(plan, network, own);
    const groups = [...firewall, ...(group ? [group] : [])].map(({ id }) => id);
    const address = createAddress(plan, network, groups, own);
    const authority = createAuthority(region, own);
    const secrets = createSecrets(args, authority, own);
    const { storage } = region;
    const { bucket, kmsKeyArn, challengeZone } = found;
    const blobs =
      storage.kind === "bucket" && bucket !== undefined
        ? createBucket(plan, { ...storage, bucket, kmsKeyArn }, own)
        : undefined;
    const podBucket = createPodBucket(args, own);
    const identity = createIdentity(args, secrets, podBucket.bucket, own);
    const wanted = podOptions({
      ...plan,
      capacity,
      store: blobs?.store,
      challengeZone,
      // Range of the load balancer's addresses.
      furtherClients: group && [network.range],
    });
    const before = [...identity.rights, ...secrets, ...(blobs?.resources ?? [])];
    const pod = createPod(plan, wanted, podBucket, before, own);
    const disk = createDisk(args, network.zone, own);
    const machine = createMachine(
      args,
      {
        image: stableImage(region, found.image, architecture, own),
        userData: pulumi
          .all([disk.id, podBucket.bucket.bucket])
          .apply(([volumeId, bucket]) =>
            awsUserData({ region: region.name, bucket, architecture, volumeId }),
          ),
        instanceProfile: identity.instanceProfile,
        networkInterfaceId: address.networkInterfaceId,
        disk,
        // Doesn't include the Pod, because the machine waits for its Pod by itself.
        after: [...network.route, ...address.after, ...identity.rights],
      },
      own,
    );
    createRecovery(plan, machine, own);
    this.privateLink = createPrivateLink(plan, network, address, group, own);
    const healthCheck = createHealthCheck(plan, machine, own);
    createRecords(args, address, network.hasIpv6, healthCheck, own);

    this.address = address.ipv4;
    this.ca = trusted(region, authority);
    this.diskGiB = capacity.disk.sizeGiB;
    this.bucketUrl = blobs && storeUrl(blobs.store);
    this.pod = pulumi.output(pod);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}
