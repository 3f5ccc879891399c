import * as pulumi from "@pulumi/pulumi";
import { storeUrl } from "../../pod/object-storage.ts";
import type { Host } from "../host.ts";
import { plannedCapacity } from "../vm/capacity.ts";
import { stableImage } from "../vm/image.ts";
import { createAuthority, trusted } from "../vm/private-authority.ts";
import { createBlobStore, grantBlobStore, storeOf } from "./blob-store.ts";
import { createDisk } from "./disk.ts";
import { createFirewall } from "./firewall.ts";
import { createIdentity, type Grantee, subscriptionOf } from "./identity.ts";
import { newestImage } from "./image.ts";
import { createMachine } from "./machine.ts";
import { namesOf } from "./naming.ts";
import { createNetwork } from "./network.ts";
import { createPlace, type Place } from "./place.ts";
import { addressPlacement, diskPlacement, placementWarnings } from "./placement.ts";
import { warnings } from "./preflight.ts";
import { createRecords } from "./records.ts";
import { storeSku } from "./regions.ts";
import { createSecrets } from "./secrets.ts";
import { azureUserData } from "./user-data.ts";
import type { VmHostArgs } from "./vm-args.ts";

/**
 * The cache on a virtual machine in Azure, in a resource group of its own. Disk, address, identity and records outlive the machine, which another user data, image or
 * size replaces.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];

  constructor(name: string, args: VmHostArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:azure:VmHost", name, {}, options);
    const own = { parent: this };
    const { region, found } = args;
    const names = namesOf({ stack: pulumi.getStack(), region: region.name });
    const placement = { region, names, previous: found.previous };
    const plan = plannedCapacity("azure", args, this, [...warnings(region), ...placementWarnings(placement)]);

    const place = createPlace(name, { region, names }, own);
    const firewall = createFirewall(name, args, { place, names }, own);
    const network = createNetwork(
      name,
      { region, place, names, firewall, placement: addressPlacement(placement) },
      own,
    );
    const address = network.address.ipAddress.apply((ip) => ip ?? "");
    const identity = createIdentity(name, { place, names }, own);
    const authority = createAuthority(name, region, own);
    const secrets = createSecrets(name, args, { place, identity, authority }, own);
    const storeRights = createRegionStore(name, args, { place, identity }, own);
    const records = createRecords(name, { region, place, identity, address }, own);
    const disk = createDisk(name, { disk: plan.disk, place, placement: diskPlacement(placement) }, own);
    createMachine(
      name,
      {
        names,
        place,
        region,
        machine: plan.machine,
        hasTrustedLaunch: found.hasTrustedLaunch,
        image: stableImage(
          name,
          { pinned: region.machine.image, newest: newestImage, architecture: plan.machine.architecture },
          own,
        ),
        userData: pulumi
          .all([identity.id, identity.clientId, place.resourceGroupName, secrets.stored])
          .apply(([identityId, clientId, resourceGroup, storedSecrets]) => {
            const packed = azureUserData({
              ...args,
              diskGiB: plan.disk.sizeGiB,
              clientId,
              subscription: subscriptionOf(identityId),
              resourceGroup,
              storedSecrets,
              store: storeOf(region, found.storageAccount, clientId),
            });
            return Buffer.from(packed).toString("base64");
          }),
        identity,
        networkInterface: network.networkInterface,
        disk,
        after: [...secrets.rights, ...storeRights, ...records],
      },
      own,
    );

    this.address = address;
    this.ca = trusted(region, authority);
    this.diskGiB = plan.disk.sizeGiB;
    const store = storeOf(region, found.storageAccount);
    this.bucketUrl = store && storeUrl(store);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** The storage account of the configuration, and the machine's rights there. */
function createRegionStore(
  name: string,
  { region, found: { storageAccount: account } }: VmHostArgs,
  { place, identity }: { readonly place: Place; readonly identity: Grantee },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { storage } = region;
  if (storage.kind === "disk" || account === undefined) return [];
  const { delivery, expireDays } = storage;
  const store = createBlobStore(name, { place, account, sku: storeSku(region), expireDays }, options);
  return grantBlobStore(name, { identity, store, delivery }, options);
}
