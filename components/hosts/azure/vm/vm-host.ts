import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { warn } from "../../../config/refuse.ts";
import { storeUrl } from "../../../pod/object-storage.ts";
import type { Host } from "../../kind.ts";
import { createAuthority, trusted } from "../../private-authority.ts";
import { stableImage } from "../../vm/image.ts";
import { createBlobStore } from "../blob-store.ts";
import { createFailover } from "../failover.ts";
import { subscriptionOf } from "../identity.ts";
import { createPlace } from "../place.ts";
import { consumerRanges } from "../private-link.ts";
import { createAddressRecord, createChallenge, inZones } from "../records.ts";
import type { VmArgs } from "./findings.ts";
import { createFirewall } from "./firewall.ts";
import { newestImage } from "./image.ts";
import { createDisk, createMachine } from "./machine.ts";
import { createNetwork } from "./network.ts";
import { placementWarnings } from "./previous.ts";
import { createSecrets } from "./secrets.ts";
import { azureCustomData, azureUserData, podDigest } from "./user-data.ts";

/**
 * The cache on a virtual machine in Azure, in its own resource group. The running machine takes another Pod without a replacement. Disk, address, identity and records outlive the machine.
 * Another image, size or custom data replaces it.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];
  readonly privateLink: Host["privateLink"];
  readonly pod: pulumi.Output<string>;

  constructor(name: string, given: VmArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:azure:VmHost", name, {}, options);
    const own = { parent: this };
    const { plan, found } = given;
    const { region, names, capacity } = plan;
    warn(placementWarnings(plan, found.previous), region.name, this);

    const place = createPlace(plan, own);
    const args = { ...given, place };
    const consumers = consumerRanges(region, found.subnet);
    const firewall = createFirewall(args, consumers, own);
    const network = createNetwork(args, firewall, own);
    const { address } = network;
    // Not a system-assigned identity, because its rights would be lost with each replacement of the machine.
    const identity = new UserAssignedIdentity(name, { ...place, resourceName: names.identity }, own);
    const authority = createAuthority(region, own);
    const secrets = createSecrets(args, identity, authority, own);
    const { storage } = region;
    const { storageAccount: account } = found;
    const blobs =
      storage.kind === "bucket" && account !== undefined
        ? createBlobStore(args, { ...storage, account, identity }, own)
        : undefined;
    const zoneOptions = inZones(region, own);
    const records = [
      ...createAddressRecord(
        args,
        { address, subnet: network.subnet, failover: createFailover(args, own) },
        zoneOptions.own,
      ),
      ...createChallenge(args, identity, zoneOptions, own),
    ];
    const disk = createDisk(args, own);
    const userData = pulumi
      .all([identity.id, identity.clientId, place.resourceGroupName, secrets.stored])
      .apply(([identityId, clientId, resourceGroup, storedSecrets]) =>
        azureUserData({
          ...plan,
          furtherClients: consumers,
          clientId,
          subscription: subscriptionOf(identityId),
          resourceGroup,
          storedSecrets,
          store: blobs?.store,
          isShadowed: found.zone === "private",
        }),
      );
    createMachine(
      args,
      {
        image: stableImage(region, newestImage, capacity.machine.architecture, own),
        customData: identity.clientId.apply((clientId) => azureCustomData({ region: region.name, clientId })),
        userData,
        identity,
        networkInterface: network.networkInterface,
        disk,
        after: [...secrets.rights, ...(blobs?.rights ?? []), ...records],
      },
      own,
    );

    this.address = address;
    this.ca = trusted(region, authority);
    this.diskGiB = capacity.disk.sizeGiB;
    this.bucketUrl = blobs && storeUrl(blobs.store);
    this.privateLink = network.privateLink;
    this.pod = userData.apply(podDigest);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}
