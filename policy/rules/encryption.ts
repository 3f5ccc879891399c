import { type Demands, rule, unmet } from "../rule.ts";
import { valueAt, valuesAt } from "../values.ts";

const algorithms = "rules[*].applyServerSideEncryptionByDefault.sseAlgorithm";

/** Encryption of S3 buckets, Azure storage accounts and the OS disks of Azure machines can't be turned off, so no demand covers it. */
const demands: Demands = {
  "aws:ebs/volume:Volume": { "isn't encrypted: set `encrypted`": (it) => it.encrypted === true },
  "aws:ec2/instance:Instance": {
    "has a disk that isn't encrypted: set `encrypted`": (it) =>
      valueAt("rootBlockDevice.encrypted", it) === true &&
      valuesAt("ebsBlockDevices[*]", it).every((disk) => valueAt("encrypted", disk) === true),
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    "doesn't name AES256 or a key of KMS": (it) =>
      valuesAt(algorithms, it).length > 0 &&
      valuesAt(algorithms, it).every((one) => /^(?:AES256|aws:kms(?::dsse)?)$/.test(String(one))),
  },
  "aws:ssm/parameter:Parameter": {
    "isn't encrypted: its type must be SecureString": (it) => it.type === "SecureString",
  },
  "azure-native:compute:Disk": {
    "isn't encrypted at rest": (it) => /^EncryptionAtRest/.test(String(valueAt("encryption.type", it))),
    "can be exported over the network: set `networkAccessPolicy: DenyAll` and `publicNetworkAccess: Disabled`":
      (it) => it.networkAccessPolicy === "DenyAll" && it.publicNetworkAccess === "Disabled",
  },
  "azure-native:storage:StorageAccount": {
    "takes plain HTTP or old TLS": (it) =>
      it.enableHttpsTrafficOnly === true && it.minimumTlsVersion === "TLS1_2",
  },
};

export const encryption = rule({
  name: "encryption",
  level: "mandatory",
  what: "Disks, buckets, storage accounts and stored secrets are encrypted at rest, and reached by TLS only.",
  why: "A copy of a disk, or a listener on the way, must be of no use.",
  each: (resource) => unmet(demands, resource),
});
