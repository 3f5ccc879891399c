import { gzipSync } from "node:zlib";
import { foreignBucket } from "./aws/account.ts";
import { awsCloud } from "./aws/aws.ts";
import { accountId, existing } from "./aws/existing.ts";
import { everywhere } from "./cloud.ts";
import { filling, type Made } from "./refusals.ts";
import type { Inputs } from "./values.ts";

export const region = "eu-central-1";

export const userData = (text: string) => gzipSync(text).toString("base64");

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
});

export const storeName = `cache-${accountId}-${region}-an`;

export const expiry = { id: "expire", status: "Enabled", filter: {}, expiration: { days: 90 } };

export const policyOf = (Statement: Inputs) => JSON.stringify({ Version: "2012-10-17", Statement });

export const pendingImage = "ami-0a0000000000000ff";

export function make(): Made {
  const { cloud, things, add: put } = filling(awsCloud(), region);
  const add = (name: string, type: string, inputs: Inputs) => put(name, type, inputs).id;
  const group = add("group", "aws:ec2/securityGroup:SecurityGroup", {
    namePrefix: "cache-",
    description: "Registry cache",
    vpcId: existing.vpc,
    ingress: [
      { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["203.0.113.0/24"], description: "clients" },
    ],
  });
  const wire = add("interface", "aws:ec2/networkInterface:NetworkInterface", {
    subnetId: existing.subnet,
    securityGroups: [group],
  });
  const disk = add("disk", "aws:ebs/volume:Volume", {
    availabilityZone: `${region}b`,
    type: "gp3",
    size: 100,
    iops: 3000,
    throughput: 125,
    encrypted: true,
  });
  const role = add("role", "aws:iam/role:Role", { name: "cache", assumeRolePolicy: trust });
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "ssm:GetParameter", Resource: "*" }],
  };
  add("policy", "aws:iam/rolePolicy:RolePolicy", { name: "own", role, policy: JSON.stringify(policy) });
  const iamInstanceProfile = add("profile", "aws:iam/instanceProfile:InstanceProfile", {
    name: "cache",
    role,
  });
  const ami = cloud.things("ami").find((it) => it.scope === region && it.inputs.architecture === "arm64")?.id;
  const instanceId = add("machine", "aws:ec2/instance:Instance", {
    ami,
    instanceType: "m7g.large",
    iamInstanceProfile,
    primaryNetworkInterface: { networkInterfaceId: wire },
    userDataBase64: userData("#cloud-config\n{}\n"),
    userDataReplaceOnChange: true,
    metadataOptions: { httpTokens: "required", instanceMetadataTags: "enabled" },
    tags: { Name: "cache" },
  });
  add("attachment", "aws:ec2/volumeAttachment:VolumeAttachment", {
    instanceId,
    volumeId: disk,
    deviceName: "/dev/sdf",
  });
  add("record", "aws:route53/record:Record", {
    zoneId: existing.zone.id,
    name: "cache.example.com",
    type: "A",
    ttl: 300,
    records: ["198.51.100.1"],
  });
  add("parameter", "aws:ssm/parameter:Parameter", {
    name: "/cache/credentials",
    type: "SecureString",
    value: "{}",
  });
  const bucket = add("bucket", "aws:s3/bucket:Bucket", { bucketPrefix: "cache-" });
  add("object", "aws:s3/bucketObjectv2:BucketObjectv2", { bucket, key: "pod.yaml", content: "kind: Pod" });
  const store = add("store", "aws:s3/bucket:Bucket", {
    bucket: storeName,
    bucketNamespace: "account-regional",
  });
  add("block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
    bucket: store,
    blockPublicPolicy: true,
  });
  add("ownership", "aws:s3/bucketOwnershipControls:BucketOwnershipControls", {
    bucket: store,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  add(
    "encryption",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    {
      bucket: store,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    },
  );
  add("bucketPolicy", "aws:s3/bucketPolicy:BucketPolicy", {
    bucket: store,
    policy: policyOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: `arn:aws:s3:::${store}/*` }),
  });
  add("lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {
    bucket: store,
    rules: [expiry],
  });
  const image = { architecture: "arm64", rootGiB: 8, state: "pending" };
  cloud.keep({ type: "ami", id: pendingImage, scope: region, inputs: image, outputs: {} });
  cloud.keep({ type: foreignBucket, id: "theirs", scope: everywhere, inputs: {}, outputs: {} });
  return { cloud, things };
}

export const { things } = make();

export const rule = { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["203.0.113.0/24"] };
