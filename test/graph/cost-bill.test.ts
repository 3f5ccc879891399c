/** The estimate bills exactly what a host creates: each resource is on the bill, or known to be free. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../components/config/parse.ts";
import { planRegion } from "../../components/hosts/kinds.ts";
import { subscriptionId } from "../doubles/azure/account.ts";
import { token } from "../doubles/azure/sizes.ts";
import { ami, offersIn } from "../support/aws-graph.ts";
import { answerFetch } from "../support/azure-api.ts";
import { estimatesOf } from "../support/estimates.ts";
import { type RegisteredResource, registeredBy } from "../support/graph.ts";

const upstream = {
  name: "team",
  registry: "team.example.com",
  repositories: ["**"],
  credentials: "team-login",
};
const access = { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] };
const tls = { mode: "acme", email: "platform@example.com" };
const group = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/group";

/** The outputs that the clouds add, as far as the hosts need them. */
function created(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type.startsWith("azure-native:")) {
    return {
      id: `${group}/providers/Microsoft.Any/${type}`,
      name: "name",
      principalId: "22222222-2222-4222-8222-222222222222",
      clientId: "33333333-3333-4333-8333-333333333333",
      tenantId: "tenant",
      ipAddress: "192.0.2.7",
      nameServers: ["ns1.azure.test."],
    };
  }
  return {
    output: inputs.input,
    arn: "arn:aws:ssm:eu-central-1:123456789012:parameter/p",
    ipv6CidrBlock: "2001:db8:1:ff00::/56",
    ipv6Addresses: ["2001:db8:1:ff00::7"],
    publicIp: "192.0.2.7",
  };
}

function found(name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const answers: Record<string, Record<string, unknown>> = {
    "aws:route53/getZone:getZone": { zoneId: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" },
    "aws:ssm/getParameter:getParameter": { insecureValue: "ami-0123456789abcdef0" },
    "aws:ec2/getAmi:getAmi": ami(),
    "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "123456789012" },
    "azure-native:authorization:getClientConfig": { subscriptionId },
    "azure-native:authorization:getClientToken": { token },
    "pulumi:pulumi:readStackResourceOutputs": { outputs: {} },
  };
  if (name.endsWith(":getServiceQuota")) throw Object.assign(new Error(), { details: "AccessDenied" });
  const isFree = /:(?:getBucket|getStorageAccount)$/.test(name);
  if (isFree) throw Object.assign(new Error(), { details: "ResourceNotFound: couldn't find resource" });
  if (name === "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings") {
    return offersIn(["eu-central-1a"])(inputs);
  }
  return answers[name] ?? {};
}

before(() => answerFetch());

async function resourcesOf(raw: Record<string, unknown>) {
  const config = parseConfig({
    ...raw,
    upstreams: [upstream],
    "team-login": { username: "u", password: { secure: "v1:x" } },
  });
  const { regions, ...shared } = config;
  const [region] = regions;
  assert.ok(region);
  const planned = await planRegion(region, { ...shared, stack: "test" });
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  const resources = await registeredBy(
    async () => {
      const lookedUp = await planned.lookUp();
      assert.deepEqual(lookedUp.problems, []);
      assert.ok(lookedUp.provider);
      lookedUp.createHost({ credentials }, { providers: [lookedUp.provider] });
    },
    created,
    found,
  );
  const [estimate] = estimatesOf(config);
  assert.ok(estimate);
  const fixed = estimate.lines.filter(({ basis }) => basis === "fixed");
  return {
    resources: resources.filter(({ custom }) => custom),
    byUse: estimate.lines.filter(({ basis }) => basis === "usage").map(({ name }) => name),
    bill: fixed.map(({ name, monthlyQuantity }): [string, number] => [name, monthlyQuantity]),
    notPriced: estimate.notPriced.map(({ name }) => name),
  };
}

/** Each billed quantity of a resource. null stands for a free one. */
type Meter = (inputs: Record<string, unknown>) => [name: string, quantity: number][];
const free: Meter = () => [];
const month = 730;

const awsMeters: Readonly<Record<string, Meter>> = {
  "aws:ec2/instance:Instance": ({ instanceType, rootBlockDevice }) => [
    [`Instance (Linux, on demand, ${instanceType})`, month],
    ["Root volume (gp3)", (rootBlockDevice as { volumeSize: number }).volumeSize],
  ],
  "aws:ebs/volume:Volume": ({ size, iops, throughput }) => {
    assert.deepEqual([iops, throughput], [3000, 125]);
    return [["Data volume (gp3)", Number(size)]];
  },
  "aws:ec2/eip:Eip": () => [["Public IPv4 address", month]],
  "aws:cloudwatch/metricAlarm:MetricAlarm": () => [["Recovery alarms", 1]],
  // A standard parameter, with AWS's key.
  "aws:ssm/parameter:Parameter": ({ tier = "Standard", keyId }) => {
    assert.deepEqual([tier, keyId], ["Standard", undefined]);
    return [];
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": ({ vpcEndpointType }) => {
    assert.equal(vpcEndpointType, "Gateway");
    return [];
  },
  // For the Pod's file, which the estimate lists as not priced, and for blobs, which are billed by use.
  "aws:s3/bucket:Bucket": free,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": free,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": free,
  "aws:s3/bucketPolicy:BucketPolicy": free,
  // Encrypted with S3's own key.
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({ rules }) => {
    assert.deepEqual(rules, [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
    return [];
  },
  "aws:s3/bucketObjectv2:BucketObjectv2": free,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": free,
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": free,
  "aws:ec2/eipAssociation:EipAssociation": free,
  "aws:ec2/internetGateway:InternetGateway": free,
  "aws:ec2/networkInterface:NetworkInterface": free,
  "aws:ec2/route:Route": free,
  "aws:ec2/routeTable:RouteTable": free,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": free,
  "aws:ec2/securityGroup:SecurityGroup": free,
  "aws:ec2/subnet:Subnet": free,
  "aws:ec2/volumeAttachment:VolumeAttachment": free,
  "aws:ec2/vpc:Vpc": free,
  "aws:iam/instanceProfile:InstanceProfile": free,
  "aws:iam/role:Role": free,
  "aws:iam/rolePolicy:RolePolicy": free,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": free,
  "aws:route53/record:Record": free,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": free,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": free,
  "pulumi:index:Stash": free,
  "pulumi:providers:aws": free,
};

const azureMeters: Readonly<Record<string, Meter>> = {
  "azure-native:compute:VirtualMachine": ({ hardwareProfile, storageProfile }) => {
    const { osDisk } = storageProfile as {
      osDisk: { diskSizeGB?: number; managedDisk: { storageAccountType: string } };
    };
    // The disk has the image's size, 30 GiB, which is billed as 32.
    assert.equal(osDisk.diskSizeGB, undefined);
    assert.equal(osDisk.managedDisk.storageAccountType, "Premium_LRS");
    const { vmSize } = hardwareProfile as { vmSize: string };
    return [
      [`Virtual machine (Linux, pay as you go, ${vmSize})`, month],
      ["OS disk (Premium SSD, P4)", 1],
    ];
  },
  "azure-native:compute:Disk": ({ sku, diskSizeGB, diskIOPSReadWrite, diskMBpsReadWrite }) => {
    assert.deepEqual([sku, diskIOPSReadWrite, diskMBpsReadWrite], [{ name: "PremiumV2_LRS" }, 3000, 125]);
    return [["Data disk (Premium SSD v2)", Number(diskSizeGB) * month]];
  },
  "azure-native:network:PublicIPAddress": ({ sku }) => {
    assert.deepEqual(sku, { name: "Standard" });
    return [["Public IPv4 address (Standard)", month]];
  },
  "azure-native:dns:Zone": () => [["DNS zone", 1]],
  // Only operations are billed, which the estimate lists as not priced.
  "azure-native:keyvault:Vault": free,
  "azure-native:authorization:RoleAssignment": free,
  "azure-native:dns:RecordSet": free,
  "azure-native:keyvault:Secret": free,
  "azure-native:managedidentity:UserAssignedIdentity": free,
  "azure-native:network:NetworkInterface": free,
  "azure-native:network:NetworkSecurityGroup": free,
  "azure-native:network:VirtualNetwork": free,
  "azure-native:resources:ResourceGroup": free,
  // Billed by use, at the redundancy that the estimate assumes.
  "azure-native:storage:StorageAccount": ({ sku, accessTier }) => {
    assert.deepEqual([sku, accessTier], [{ name: "Standard_LRS" }, "Hot"]);
    return [];
  },
  "azure-native:storage:BlobContainer": free,
  "azure-native:storage:ManagementPolicy": free,
  "pulumi:index:Stash": free,
  "pulumi:providers:azure-native": free,
};

function metered(resources: readonly RegisteredResource[], meters: Readonly<Record<string, Meter>>) {
  const sums = new Map<string, number>();
  for (const { type, inputs } of resources) {
    const meter = meters[type];
    assert.ok(meter, `${type}: say here what it costs, and bill it in components/cost`);
    for (const [name, quantity] of meter(inputs)) sums.set(name, (sums.get(name) ?? 0) + quantity);
  }
  return [...sums].sort();
}

test("bills what a machine in AWS creates", async () => {
  const { resources, bill, notPriced } = await resourcesOf({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", zone: "example.com", tls },
        access,
      },
    ],
  });
  assert.deepEqual(metered(resources, awsMeters), bill.sort());
  assert.equal(resources.filter(({ type }) => type === "aws:s3/bucketObjectv2:BucketObjectv2").length, 2);
  assert.ok(notPriced.includes("The bucket of the Pod"));
});

test("bills what a machine in Azure creates", async () => {
  const { resources, bill, notPriced } = await resourcesOf({
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", zone: "example.com", zoneResourceGroup: "dns", tls },
        access,
      },
    ],
  });
  assert.deepEqual(metered(resources, azureMeters), bill.sort());
  assert.ok(resources.some(({ type }) => type === "azure-native:keyvault:Vault"));
  assert.ok(notPriced.includes("Key Vault operations"));
});

test("bills what a machine with a bucket creates, stores and requests", async () => {
  const storage = { kind: "bucket", delivery: "redirect" };
  const endpoint = { hostname: "cache.example.com", zone: "example.com", tls };
  const aws = await resourcesOf({
    provider: "aws",
    regions: [{ name: "eu-central-1", topology: "vm", storage, endpoint, access }],
  });
  assert.deepEqual(metered(aws.resources, awsMeters), aws.bill.sort());
  assert.ok(aws.byUse.includes("S3 Standard"));
  const azure = await resourcesOf({
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "vm",
        storage,
        endpoint: { ...endpoint, zoneResourceGroup: "dns" },
        access,
      },
    ],
  });
  assert.deepEqual(metered(azure.resources, azureMeters), azure.bill.sort());
  assert.ok(azure.byUse.includes("Blob storage (hot, LRS)"));
});
