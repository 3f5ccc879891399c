/**
 * Ids for `pulumi import` of resources that have a name, or whose id consists of other values: see the section "Import" of each type's documentation.
 * https://www.pulumi.com/registry/packages/aws/api-docs/, https://learn.microsoft.com/azure/templates/, https://www.pulumi.com/registry/packages/kubernetes/
 */

import type { Values } from "./import-file.ts";
import { filled } from "./values.ts";

const bucketSettings = [
  "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "bucketOwnershipControls:BucketOwnershipControls",
  "bucketPolicy:BucketPolicy",
  "bucketPublicAccessBlock:BucketPublicAccessBlock",
  "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
];

/** `{input}` stands for an input of the resource. */
const aws: Readonly<Record<string, string>> = {
  "aws:cloudwatch/logGroup:LogGroup": "{name}",
  "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
  "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock|destinationIpv6CidrBlock}",
  "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
  "aws:ec2/tag:Tag": "{resourceId},{key}",
  "aws:ec2/volumeAttachment:VolumeAttachment": "{deviceName}:{volumeId}:{instanceId}",
  "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "{clusterName}#{principalArn}#{policyArn}",
  "aws:eks/addon:Addon": "{clusterName}:{addonName}",
  "aws:eks/cluster:Cluster": "{name}",
  "aws:iam/instanceProfile:InstanceProfile": "{name}",
  "aws:iam/role:Role": "{name}",
  "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}/{policyArn}",
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": "{targetGroupArn},{targetId},{port}",
  "aws:route53/record:Record": "{zoneId}_{name}_{type}",
  "aws:route53/zoneAssociation:ZoneAssociation": "{zoneId}:{vpcId}",
  "aws:s3/bucket:Bucket": "{bucket}",
  ...Object.fromEntries(bucketSettings.map((type) => [`aws:s3/${type}`, "{bucket}"])),
  "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
  "aws:ssm/parameter:Parameter": "{name}",
};

const compute = "Microsoft.Compute";
const identities = "Microsoft.ManagedIdentity/userAssignedIdentities";
const clusters = "Microsoft.ContainerService/managedClusters";
const accounts = "Microsoft.Storage/storageAccounts/{accountName}";
const network = "Microsoft.Network";

/** Ids within a resource group. */
const azure: Readonly<Record<string, string>> = {
  "compute:Disk": `${compute}/disks/{diskName}`,
  "compute:VirtualMachine": `${compute}/virtualMachines/{vmName}`,
  "containerservice:MaintenanceConfiguration": `${clusters}/{resourceName}/maintenanceConfigurations/{configName}`,
  "containerservice:ManagedCluster": `${clusters}/{resourceName}`,
  "dns:RecordSet": `${network}/dnsZones/{zoneName}/{recordType}/{relativeRecordSetName}`,
  "dns:Zone": `${network}/dnsZones/{zoneName}`,
  "keyvault:Secret": "Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}",
  "keyvault:Vault": "Microsoft.KeyVault/vaults/{vaultName}",
  "managedidentity:FederatedIdentityCredential": `${identities}/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}`,
  "managedidentity:UserAssignedIdentity": `${identities}/{resourceName}`,
  "network:LoadBalancer": `${network}/loadBalancers/{loadBalancerName}`,
  "network:NatGateway": `${network}/natGateways/{natGatewayName}`,
  "network:NetworkInterface": `${network}/networkInterfaces/{networkInterfaceName}`,
  "network:NetworkSecurityGroup": `${network}/networkSecurityGroups/{networkSecurityGroupName}`,
  "network:PrivateLinkService": `${network}/privateLinkServices/{serviceName}`,
  "network:PublicIPAddress": `${network}/publicIPAddresses/{publicIpAddressName}`,
  "network:VirtualNetwork": `${network}/virtualNetworks/{virtualNetworkName}`,
  "privatedns:PrivateRecordSet": `${network}/privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}`,
  "privatedns:VirtualNetworkLink": `${network}/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}`,
  "storage:BlobContainer": `${accounts}/blobServices/default/containers/{containerName}`,
  "storage:ManagementPolicy": `${accounts}/managementPolicies/{managementPolicyName}`,
  "storage:StorageAccount": accounts,
  "trafficmanager:Profile": `${network}/trafficmanagerprofiles/{profileName}`,
};

/** Ids within another resource. */
const azureElsewhere: Readonly<Record<string, string>> = {
  "authorization:RoleAssignment":
    "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
  "monitor:DiagnosticSetting": "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
};

/** @returns undefined if the type's id can't be composed; null if a part isn't known yet */
export function composedId(type: string, inputs: Values, subscription: string): string | null | undefined {
  const template = templateOf(type, inputs);
  return template === undefined ? undefined : (filled(template, { ...inputs, subscription }) ?? null);
}

function templateOf(type: string, inputs: Values): string | undefined {
  const [packageName, name = ""] = type.split(/:(.*)/);
  if (packageName === "kubernetes") return objectTemplate(type, inputs);
  if (packageName !== "azure-native") return awsTemplate(type, inputs);
  const group = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}";
  if (name === "resources:ResourceGroup") return group;
  return azureElsewhere[name] ?? (azure[name] && `${group}/providers/${azure[name]}`);
}

function awsTemplate(type: string, { bucketPrefix, setIdentifier }: Values): string | undefined {
  // One of the two kinds of buckets has a fixed name; the other's name is generated.
  if (type === "aws:s3/bucket:Bucket" && bucketPrefix !== undefined) return undefined;
  // For one of several records with the same name.
  return setIdentifier === undefined ? aws[type] : `${aws[type]}_{setIdentifier}`;
}

function objectTemplate(type: string, inputs: Values): string {
  if (type === "kubernetes:helm.sh/v3:Release") return "{namespace}/{name}";
  const { namespace } = (inputs.metadata ?? {}) as Values;
  return namespace === undefined ? "{metadata.name}" : "{metadata.namespace}/{metadata.name}";
}
