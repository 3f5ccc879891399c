import * as pulumi from "@pulumi/pulumi";
import { warn } from "../../config/refuse.ts";
import { storeUrl } from "../../pod/object-storage.ts";
import type { Host, HostArgs } from "../kind.ts";
import { isTagged } from "../naming.ts";
import { createAuthority, trusted } from "../private-authority.ts";
import { stableImage } from "../vm/image.ts";
import { createAddress } from "./address.ts";
import { bucketStore, createBucket } from "./bucket.ts";
import { createDisk } from "./disk.ts";
import type { VmFindings } from "./findings.ts";
import { createFirewall } from "./firewall.ts";
import { attachZone } from "./hosted-zones.ts";
import { createIdentity } from "./identity.ts";
import { createMachine } from "./machine.ts";
import { keepUnavailable } from "./machine-type.ts";
import { createNetwork } from "./network.ts";
import type { AwsVmPlan } from "./plan.ts";
import { createPod, createPodBucket, podOptions } from "./pod.ts";
import { createLinkGroup, createPrivateLink } from "./private-link.ts";
import { createRecords } from "./records.ts";
import { createHealthCheck, createRecovery } from "./recovery.ts";
import { createSecrets } from "./secrets.ts";
import { awsUserData } from "./user-data.ts";

/**
 * The cache on an EC2 instance. Another Pod is taken by the running instance. Disk, addresses and records outlive it; another image, architecture or user data
 * replaces it, and another type of the same architecture stops and starts it.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];
  readonly privateLink: Host["privateLink"];
  readonly pod: pulumi.Output<string>;

  constructor(
    name: string,
    args: HostArgs<AwsVmPlan, VmFindings>,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("registry-cache:aws:VmHost", name, {}, options);
    const own = { parent: this };
    const { plan, found } = args;
    const { region, names } = plan;
    const { capacity } = found.machine;
    const { type, architecture } = capacity.machine;
    warn(capacity.warnings, region.name, this);
    keepUnavailable(name, found.machine, own);

    const network = createNetwork(name, args, own);
    if (!found.subnet) {
      const { hostedZone } = found;
      attachZone(name, { region: region.name, hostedZone, vpcId: network.vpcId }, own);
    }
    const firewall = createFirewall(name, args, network.vpcId, own);
    const group = createLinkGroup(name, plan, network, own);
    const securityGroupIds = [...firewall, ...(group ? [group] : [])].map(({ id }) => id);
    const isPublic = region.endpoint.exposure === "public";
    const address = createAddress(name, { names, network, securityGroupIds, isPublic }, own);
    const authority = createAuthority(name, region, own);
    const secrets = createSecrets(name, args, authority, own);
    const bucket = createRegionBucket(name, args, own);
    const forPod = podOptions({
      ...plan,
      diskGiB: capacity.disk.sizeGiB,
      store: bucket?.store,
      challengeZone: found.challengeZone,
      // From there the load balancer comes.
      furtherClients: group && [network.range],
    });
    const { kmsKeyArn } = found;
    const podBucket = createPodBucket(name, { names, kmsKeyArn }, own);
    const identity = createIdentity(name, args, { secrets, podBucket: podBucket.bucket }, own);
    const before = [...identity.rights, ...secrets, ...(bucket?.resources ?? [])];
    this.pod = pulumi.output(
      createPod(name, forPod, { names, isTagged: isTagged(plan), bucket: podBucket, after: before }, own),
    );
    const disk = createDisk(name, { names, disk: capacity.disk, zone: network.zone, kmsKeyArn }, own);
    const machine = createMachine(
      name,
      {
        names,
        type,
        image: stableImage(name, { pinned: region.machine.image, newest: found.image, architecture }, own),
        userData: pulumi
          .all([disk.id, podBucket.bucket.bucket])
          .apply(([volumeId, bucket]) =>
            Buffer.from(awsUserData({ region: region.name, bucket, architecture, volumeId })).toString(
              "base64",
            ),
          ),
        instanceProfile: identity.instanceProfile,
        networkInterfaceId: address.networkInterfaceId,
        disk,
        kmsKeyArn,
        // It waits for its Pod by itself.
        after: [...network.route, ...address.after, ...identity.rights],
      },
      own,
    );
    createRecovery(name, plan, machine, own);
    this.privateLink = createPrivateLink(name, { plan, network, address, group }, own);
    const healthCheck = createHealthCheck(name, plan, machine, own);
    createRecords(name, args, { address, hasIpv6: network.hasIpv6, healthCheck }, own);

    this.address = address.ipv4;
    this.ca = trusted(region, authority);
    this.diskGiB = capacity.disk.sizeGiB;
    this.bucketUrl = bucket && storeUrl(bucket.store);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** The bucket of the configuration, as the Pod knows it, and what must be there before the machine. */
function createRegionBucket(
  name: string,
  {
    plan: {
      region: { name: region, storage },
      names,
    },
    found: { bucket, kmsKeyArn },
  }: HostArgs<AwsVmPlan, VmFindings>,
  options: pulumi.CustomResourceOptions,
) {
  if (storage.kind === "disk" || bucket === undefined) return undefined;
  const { delivery, expireDays } = storage;
  return {
    store: bucketStore({ region, bucket, delivery }),
    resources: createBucket(name, { names, region, bucket, expireDays, kmsKeyArn }, options),
  };
}
