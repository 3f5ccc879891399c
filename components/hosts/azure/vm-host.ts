import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { warn } from "../../config/refuse.ts";
import { storeUrl } from "../../pod/object-storage.ts";
import type { Host, HostArgs } from "../kind.ts";
import { createAuthority, trusted } from "../private-authority.ts";
import { stableImage } from "../vm/image.ts";
import { blobService, createBlobStore, grantBlobStore, storeOf } from "./blob-store.ts";
import { createDiagnostics } from "./diagnostics.ts";
import { createDisk } from "./disk.ts";
import type { VmFindings } from "./findings.ts";
import { createFirewall } from "./firewall.ts";
import { type Grantee, subscriptionOf } from "./identity.ts";
import { newestImage } from "./image.ts";
import { createMachine } from "./machine.ts";
import { createNetwork } from "./network.ts";
import { createPlace, type Place } from "./place.ts";
import { placementWarnings } from "./placement.ts";
import type { AzureVmPlan } from "./plan.ts";
import { createRecords } from "./records.ts";
import { storeSku } from "./regions.ts";
import { createSecrets } from "./secrets.ts";
import { azureCustomData, azureUserData, podDigest } from "./user-data.ts";

/**
 * The cache on a virtual machine in Azure, in a resource group of its own. The running machine takes another Pod. Disk, address, identity and records outlive it; another
 * image, size or custom data replaces it.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly bucketUrl: Host["bucketUrl"];
  readonly pod: pulumi.Output<string>;

  constructor(
    name: string,
    args: HostArgs<AzureVmPlan, VmFindings>,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("registry-cache:azure:VmHost", name, {}, options);
    const own = { parent: this };
    const { plan, found } = args;
    const { region, names, capacity } = plan;
    const store = storeOf(region, found.storageAccount);
    warn([...capacity.warnings, ...placementWarnings(args)], region.name, this);

    const place = createPlace(name, plan, own);
    const firewall = createFirewall(name, plan, place, own);
    const network = createNetwork(name, args, { place, firewall }, own);
    const address = network.address.ipAddress.apply((ip) => ip ?? "");
    // Not the machine's own identity, whose rights would go with each replacement.
    const identity = new UserAssignedIdentity(name, { ...place, resourceName: names.identity }, own);
    const authority = createAuthority(name, region, own);
    const secrets = createSecrets(name, args, { place, identity, authority }, own);
    const storeRights = createRegionStore(name, args, { place, identity }, own);
    const records = createRecords(name, { region, place, identity, address }, own);
    const disk = createDisk(name, args, place, own);
    const userData = pulumi
      .all([identity.id, identity.clientId, place.resourceGroupName, secrets.stored])
      .apply(([identityId, clientId, resourceGroup, storedSecrets]) =>
        azureUserData({
          ...plan,
          diskGiB: capacity.disk.sizeGiB,
          clientId,
          subscription: subscriptionOf(identityId),
          resourceGroup,
          storedSecrets,
          store,
        }),
      );
    createMachine(
      name,
      args,
      {
        place,
        image: stableImage(
          name,
          { pinned: region.machine.image, newest: newestImage, architecture: capacity.machine.architecture },
          own,
        ),
        customData: identity.clientId.apply((clientId) => azureCustomData({ region: region.name, clientId })),
        userData,
        identity,
        networkInterface: network.networkInterface,
        disk,
        after: [...secrets.rights, ...storeRights, ...records],
      },
      own,
    );

    this.address = address;
    this.ca = trusted(region, authority);
    this.diskGiB = capacity.disk.sizeGiB;
    this.bucketUrl = store && storeUrl(store);
    this.pod = userData.apply(podDigest);
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** The storage account of the configuration, and the machine's rights there. */
function createRegionStore(
  name: string,
  { plan, found: { storageAccount: account } }: HostArgs<AzureVmPlan, VmFindings>,
  { place, identity }: { readonly place: Place; readonly identity: Grantee },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { region, governance } = plan;
  const { storage } = region;
  if (storage.kind === "disk" || account === undefined) return [];
  const { delivery, expireDays } = storage;
  const store = createBlobStore(
    name,
    { place, account, sku: storeSku(region), expireDays, key: governance?.storageKey },
    options,
  );
  createDiagnostics(name, plan, { of: "blobs", resourceUri: blobService(store) }, options);
  return grantBlobStore(name, { identity, store, delivery }, options);
}
