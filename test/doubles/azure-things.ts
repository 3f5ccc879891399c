import { gzipSync } from "node:zlib";
import { publicKeyOfNobody } from "../../components/hosts/azure/vm/no-login.ts";
import { existing, subscriptionId, tenantId } from "./azure/account.ts";
import { azureCloud } from "./azure/azure.ts";
import type { Thing } from "./cloud.ts";
import { filling, type Made } from "./refusals.ts";
import type { Inputs } from "./values.ts";

export const userData = (text: string) => gzipSync(text).toString("base64");

export const place = { resourceGroupName: "cache", location: "westeurope" };

export const rule = {
  name: "clients",
  priority: 100,
  direction: "Inbound",
  access: "Allow",
  protocol: "Tcp",
  sourceAddressPrefixes: ["203.0.113.0/24"],
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "443",
};

export const image = { publisher: "Debian", offer: "debian-13", sku: "13-arm64", version: "0.20260914.2601" };

export const profile = {
  computerName: "cache",
  adminUsername: "nobody",
  customData: userData("#cloud-config\n{}\n"),
  linuxConfiguration: {
    disablePasswordAuthentication: true,
    ssh: { publicKeys: [{ path: "/home/nobody/.ssh/authorized_keys", keyData: publicKeyOfNobody() }] },
  },
};

export const expiry = {
  name: "expire",
  type: "Lifecycle",
  definition: {
    filters: { blobTypes: ["blockBlob", "appendBlob"] },
    actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 90 } } },
  },
};

export function make(): Made {
  const { cloud, things, add: put } = filling(azureCloud(), "");
  const add = (name: string, type: string, inputs: Inputs) => put(name, `azure-native:${type}`, inputs);
  add("group", "resources:ResourceGroup", { resourceGroupName: "cache", location: "westeurope" });
  const firewall = add("firewall", "network:NetworkSecurityGroup", {
    ...place,
    networkSecurityGroupName: "cache",
    securityRules: [rule],
  });
  const address = add("address", "network:PublicIPAddress", {
    ...place,
    publicIpAddressName: "cache",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
    zones: ["1"],
  });
  const subnet = { id: `${existing.virtualNetwork}/subnets/${existing.subnet}` };
  const wire = add("interface", "network:NetworkInterface", {
    ...place,
    networkInterfaceName: "cache",
    enableAcceleratedNetworking: true,
    networkSecurityGroup: { id: firewall.id },
    ipConfigurations: [{ name: "a", publicIPAddress: { id: address.id }, subnet }],
  });
  const disk = add("disk", "compute:Disk", {
    ...place,
    diskName: "cache",
    zones: ["1"],
    sku: { name: "PremiumV2_LRS" },
    diskSizeGB: 100,
    diskIOPSReadWrite: 3000,
    diskMBpsReadWrite: 125,
    creationData: { createOption: "Empty", logicalSectorSize: 512 },
  });
  const identity = add("identity", "managedidentity:UserAssignedIdentity", {
    ...place,
    resourceName: "cache",
  });
  add("right", "authorization:RoleAssignment", {
    roleAssignmentName: "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02",
    scope: existing.certificate,
    principalId: identity.outputs.principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`,
  });
  add("vault", "keyvault:Vault", {
    ...place,
    vaultName: "cache-0123",
    properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
  });
  add("secret", "keyvault:Secret", {
    resourceGroupName: "cache",
    vaultName: "cache-0123",
    secretName: "login",
    properties: { value: "of no use to anyone" },
  });
  add("record", "dns:RecordSet", {
    resourceGroupName: existing.zoneResourceGroup,
    zoneName: existing.zone,
    relativeRecordSetName: "cache",
    recordType: "A",
    ttl: 300,
    aRecords: [{ ipv4Address: "198.51.100.1" }],
  });
  const network = add("network", "network:VirtualNetwork", {
    ...place,
    virtualNetworkName: "cache",
    addressSpace: { addressPrefixes: ["10.1.0.0/24"] },
    subnets: [{ name: "machine", addressPrefix: "10.1.0.0/24" }],
  });
  const privateZone = {
    resourceGroupName: existing.zoneResourceGroup,
    privateZoneName: existing.privateZone,
  };
  add("link", "privatedns:VirtualNetworkLink", {
    ...privateZone,
    virtualNetworkLinkName: "cache",
    location: "global",
    registrationEnabled: false,
    virtualNetwork: { id: network.id },
  });
  add("privateRecord", "privatedns:PrivateRecordSet", {
    ...privateZone,
    relativeRecordSetName: "cache",
    recordType: "A",
    ttl: 300,
    aRecords: [{ ipv4Address: "10.1.0.4" }],
  });
  add("profile", "trafficmanager:Profile", {
    resourceGroupName: "cache",
    location: "global",
    profileName: "cache",
    trafficRoutingMethod: "Priority",
    dnsConfig: { relativeName: "cache", ttl: 30 },
    monitorConfig: { protocol: "TCP", port: 443 },
    endpoints: [
      { name: "a", target: "a.example.com", priority: 1 },
      { name: "b", target: "b.example.com", priority: 2, alwaysServe: "Enabled" },
    ],
  });
  const account = add("account", "storage:StorageAccount", {
    ...place,
    accountName: "cache0123",
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    minimumTlsVersion: "TLS1_2",
    allowBlobPublicAccess: false,
  });
  const inAccount = { resourceGroupName: "cache", accountName: account.outputs.name };
  add("container", "storage:BlobContainer", { ...inAccount, containerName: "registry" });
  add("lifecycle", "storage:ManagementPolicy", {
    ...inAccount,
    managementPolicyName: "default",
    policy: { rules: [expiry] },
  });
  add("machine", "compute:VirtualMachine", {
    ...place,
    vmName: "cache",
    zones: ["1"],
    hardwareProfile: { vmSize: "Standard_D2ps_v6" },
    identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
    osProfile: profile,
    securityProfile: { securityType: "TrustedLaunch" },
    storageProfile: {
      imageReference: image,
      osDisk: {
        createOption: "FromImage",
        deleteOption: "Delete",
        managedDisk: { storageAccountType: "Premium_LRS" },
      },
      dataDisks: [{ lun: 0, createOption: "Attach", caching: "None", managedDisk: { id: disk.id } }],
    },
    networkProfile: { networkInterfaces: [{ id: wire.id, primary: true }] },
  });
  return { cloud, things };
}

export const machine = make().things.machine as Thing;

export const storage = machine.inputs.storageProfile as Inputs;
