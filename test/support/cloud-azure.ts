import { newestImage } from "../../components/hosts/azure/vm/image.ts";
import { customDataLimitBytes } from "../../components/hosts/azure/vm/user-data.ts";
import { existing, subscriptionId } from "../doubles/azure/account.ts";
import { azureCloud } from "../doubles/azure/azure.ts";
import { registerEncryptionAtHost } from "../doubles/azure/features.ts";
import { withdraw } from "../doubles/azure/images.ts";
import { restrict } from "../doubles/azure/sizes.ts";
import { podOf } from "../doubles/azure/user-data.ts";
import { CloudError } from "../doubles/faults.ts";
import { valueAt } from "../doubles/values.ts";
import type { CloudCase } from "./cloud-case.ts";
import { violationsOf } from "./posture.ts";
import { privateUpstream } from "./private-stack.ts";

const machine = "azure-native:compute:VirtualMachine";

export const azure: CloudCase = {
  file: "stacks/Pulumi.azure-westeurope.yaml",
  newCloud() {
    const cloud = azureCloud();
    registerEncryptionAtHost(cloud);
    restrict(cloud, "Standard_D8ps_v6", "westeurope", ["1"]);
    return cloud;
  },
  types: { machine, disk: "azure-native:compute:Disk", secret: "azure-native:keyvault:Secret" },
  sizeOf: ({ inputs }) => Number(inputs.diskSizeGB),
  userDataOf: ({ inputs }) => String(valueAt("osProfile.customData", inputs)),
  userDataLimitBytes: customDataLimitBytes,
  podsOf: (cloud) => cloud.things(machine).map(({ inputs }) => podOf(String(inputs.userData)).text),
  podChange: ["update VirtualMachine …"],
  inPlace: ["update Disk", "update NetworkSecurityGroup", "update VirtualMachine"],
  valueOf: ({ inputs }) => String(valueAt("properties.value", inputs)),
  withdrawImages: (cloud) => {
    withdraw(cloud, newestImage);
  },
  // Attachments of disk and interface are part of the machine's description, so they end with it.
  replacement: ["delete VirtualMachine …", "create VirtualMachine …"],
  following: [],
  otherImage: existing.image,
  elsewhere: {
    region: { availabilityZone: "2" },
    moves: ["create Disk …", "delete VirtualMachine …", "create VirtualMachine …", "delete Disk …"],
    stays: "azure-native:network:PublicIPAddress",
  },
  destruction: ["delete VirtualMachine …", "delete Disk …"],
  beforeMachine: ["RoleAssignment", "RecordSet", "Disk"],
  violations: violationsOf,

  faults: {
    "a name that is taken": {
      kind: "create",
      type: "azure-native:resources:ResourceGroup",
      error: new CloudError(
        "InvalidResourceGroupLocation",
        "The resource group already exists in location 'northeurope'.",
      ),
    },
    "too many requests": {
      kind: "create",
      after: 3,
      error: new CloudError("TooManyRequests", "The request is being throttled."),
    },
    "a quota that is used up": {
      kind: "create",
      type: machine,
      error: new CloudError(
        "OperationNotAllowed",
        "Operation could not be completed: exceeding approved Cores quota.",
      ),
    },
    "a zone without machines": {
      kind: "create",
      type: machine,
      error: new CloudError("ZonalAllocationFailed", "We do not have sufficient capacity in this zone."),
    },
  },

  mistakes: {
    "all that is wrong with the text": {
      keys: { upstreams: [privateUpstream] },
      region: {
        name: "West Europe",
        subscription: "mine",
        availabilityZone: "4",
        network: { subnet: existing.subnet },
        storage: { kind: "disk", size: "70000GiB" },
        endpoint: { hostname: "cache.example.org", zone: "example.com", tls: { mode: "private" } },
      },
      told: [
        /regions\[0\]\.name: "West Europe" is not an Azure region: write its programmatic name, like westeurope/,
        /regions\[0\]\.subscription: "mine" is not the id of a subscription/,
        /regions\[0\]\.availabilityZone: must be one of "1", "2", "3"/,
        /regions\[0\]\.network\.vnet: is missing/,
        /regions\[0\]\.storage\.size: "70000GiB" is more than one disk can have: at most 65536GiB/,
        /regions\[0\]\.endpoint\.zone: doesn't contain the host name/,
        /upstreams\[0\]\.credentials: names the key "team-login".*npm run pulumi -- config set --stack STACK --secret --path/,
      ],
    },
    "all that Azure doesn't have": {
      region: {
        name: "westeuropa",
        access: { clients: ["2001:db8::/32"] },
      },
      told: [
        /regions\[0\]\.name: "westeuropa" is not a region of the public Azure cloud: did you mean "westeurope"\?/,
        /regions\[0\]\.access\.clients: has no IPv4 range/,
      ],
    },
    "all that isn't in the subscription": {
      region: {
        resourceGroup: "none",
        machine: { type: "Standard_D8ps_v6" },
        network: { vnet: existing.virtualNetwork, subnet: "none" },
        endpoint: {
          hostname: "cache.example.org",
          zone: "example.org",
          zoneResourceGroup: existing.zoneResourceGroup,
          tls: { mode: "provided", secretName: `${existing.certificate}-none` },
        },
      },
      told: [
        /regions\[0\]\.availabilityZone: Standard_D8ps_v6 is available to the subscription only in zones 2, 3 of westeurope, not in zone 1: set `availabilityZone: "2"`, or /,
        /regions\[0\]\.endpoint\.tls\.secretName: the secret cache-certificate-none in keys can't be found: ResourceNotFound: /,
        /regions\[0\]\.endpoint\.zone: the zone example\.org in dns can't be found: ResourceNotFound: /,
        /regions\[0\]\.network\.subnet: hub has no none, only caches/,
        /regions\[0\]\.resourceGroup: none can't be found: ResourceNotFound: /,
      ],
    },
    "all that a private endpoint can't do without": {
      region: {
        network: { vnet: existing.virtualNetwork, subnet: existing.subnet },
        endpoint: {
          hostname: `cache.${existing.privateZone}`,
          zone: existing.privateZone,
          zoneResourceGroup: existing.zoneResourceGroup,
          exposure: "private",
          privateLink: { allowed: [subscriptionId] },
          tls: { mode: "acme", email: "platform@example.com" },
        },
        access: { clients: ["10.0.0.0/8"] },
      },
      told: [
        /regions\[0\]\.endpoint\.tls\.challengeZone: is missing: the zone corp\.example\.com is private/,
        /regions\[0\]\.network\.subnet: allows no private link service: run `az network vnet subnet update /,
      ],
    },
    "keys that aren't there, or are of another region": {
      keys: {
        governance: {
          diskEncryptionSet: existing.encryptionSets.germanywestcentral,
          storageKey: { ...existing.storageKey, identity: `${existing.storageKey.identity}2` },
          diagnostics: `${existing.workspace}2`,
        },
      },
      region: { storage: { kind: "bucket" } },
      told: [
        /governance\.diskEncryptionSet: \S+ is in germanywestcentral, and the disks are in westeurope/,
        /governance\.storageKey\.identity: \S+storage2 can't be found: /,
        /governance\.diagnostics: \S+audit2 can't be found: /,
      ],
    },
    "a zone that isn't in the other subscription": {
      region: {
        endpoint: {
          ...existing.zoneElsewhere,
          zone: "example.com",
          hostname: "cache.example.com",
          tls: { mode: "private" },
        },
      },
      told: [
        /endpoint\.zone: the zone example\.com in zones of the subscription 22222222-\S+ can't be found: /,
      ],
    },
    "a vault that takes no rights": {
      region: {
        endpoint: {
          hostname: "cache.example.com",
          tls: { mode: "provided", secretName: existing.policyCertificate },
        },
      },
      told: [/regions\[0\]\.endpoint\.tls\.secretName: the vault policies has access policies/],
    },
  },

  bucket: {
    types: ["StorageAccount", "BlobContainer", "ManagementPolicy"],
    expiry: "update ManagementPolicy …",
  },

  governedNetwork: { subnetSecurityGroups: true },
  governed: {
    diskEncryptionSet: existing.encryptionSets.westeurope ?? "",
    diagnostics: existing.workspace,
    storageKey: existing.storageKey,
    encryptionAtHost: true,
  },
  adopting: {
    network: { vnet: existing.virtualNetwork, subnet: existing.subnet },
    endpoint: {
      hostname: "cache.westeurope.example.com",
      zone: existing.zone,
      zoneResourceGroup: existing.zoneResourceGroup,
      tls: { mode: "provided", secretName: existing.certificate },
    },
    access: { clients: "public", metrics: ["198.51.100.0/24"] },
  },
  adoptedTypes: ["VirtualNetwork"],
  openings: ["port 443 is open to 0.0.0.0/0", "port 9443 is open to 198.51.100.0/24"],
};
