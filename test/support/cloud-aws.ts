import { userDataLimitBytes } from "../../components/hosts/aws/vm/user-data.ts";
import { awsCloud } from "../doubles/aws/aws.ts";
import { accountId, existing } from "../doubles/aws/existing.ts";
import { CloudError } from "../doubles/faults.ts";
import type { CloudCase } from "./cloud-case.ts";
import { violationsOf } from "./posture.ts";
import { privateUpstream } from "./private-stack.ts";

const machine = "aws:ec2/instance:Instance";

export const aws: CloudCase = {
  file: "stacks/Pulumi.aws-eu-central-1.yaml",
  newCloud: awsCloud,
  types: { machine, disk: "aws:ebs/volume:Volume", secret: "aws:ssm/parameter:Parameter" },
  sizeOf: ({ inputs }) => Number(inputs.size),
  userDataOf: ({ inputs }) => String(inputs.userDataBase64),
  userDataLimitBytes,
  podsOf: (cloud) => {
    const objects = cloud.things("aws:s3/bucketObjectv2:BucketObjectv2").map(({ inputs }) => inputs);
    const named = (key: string) =>
      objects.filter((object) => object.key === key).map(({ content }) => String(content));
    return named("pod").flatMap((digest) => named(`pods/${digest}.json`));
  },
  // The new Pod is an object of its own, which stays next to the old one. Then the pointer changes.
  podChange: ["create BucketObjectv2 …", "update BucketObjectv2 …-pointer"],
  inPlace: ["create BucketObjectv2", "update BucketObjectv2", "update SecurityGroup", "update Volume"],
  valueOf: ({ inputs }) => String(inputs.value),
  withdrawImages(cloud) {
    for (const { inputs, scope } of cloud.things(machine)) {
      const image = cloud.find("ami", String(inputs.ami), scope);
      if (image) cloud.remove(image);
    }
  },
  // EC2 detaches the disk from a machine that it deletes.
  replacement: ["delete Instance …", "create Instance …", "create VolumeAttachment …"],
  following: ["update MetricAlarm …-reboot", "update MetricAlarm …-recover"],
  otherImage: existing.images.arm64,
  destruction: ["delete Instance …", "delete Volume …"],
  beforeMachine: [
    "RolePolicy",
    "RolePolicyAttachment",
    "EipAssociation",
    "Route",
    "RouteTableAssociation",
    "Volume",
  ],
  violations: violationsOf,

  faults: {
    "a name that is taken": {
      kind: "create",
      type: "aws:iam/role:Role",
      error: new CloudError(
        "EntityAlreadyExists",
        "Role with name registry-cache-eu-central-1 already exists.",
      ),
    },
    "too many requests": {
      kind: "create",
      after: 3,
      error: new CloudError("Throttling", "Rate exceeded"),
    },
    "a quota that is used up": {
      kind: "create",
      type: machine,
      error: new CloudError(
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current limit of 0",
      ),
    },
    "a zone without machines": {
      kind: "create",
      type: machine,
      error: new CloudError(
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient capacity in the zone",
      ),
    },
  },

  mistakes: {
    "all that is wrong with the text": {
      keys: { upstreams: [privateUpstream] },
      region: {
        name: "eu_central_1",
        network: { subnet: existing.subnet },
        storage: { kind: "disk", size: "70000GiB" },
        endpoint: { hostname: "cache.example.org", zone: "example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.1/24", "everyone"] },
      },
      told: [
        /regions\[0\]\.name: "eu_central_1" is not an AWS region: write its code, like eu-central-1/,
        /regions\[0\]\.network\.vpc: is missing/,
        /regions\[0\]\.storage\.size: "70000GiB" is more than one disk can have: at most 65536GiB/,
        /regions\[0\]\.endpoint\.zone: doesn't contain the host name/,
        /regions\[0\]\.access\.clients\[0\]: /,
        /regions\[0\]\.access\.clients\[1\]: /,
        /upstreams\[0\]\.credentials: names the key "team-login".*npm run pulumi -- config set --stack STACK --secret --path/,
      ],
    },
    "all that AWS doesn't have": {
      region: { name: "eu-centrall-1" },
      told: [
        /regions\[0\]\.name: "eu-centrall-1" is not a region of the public AWS cloud: did you mean "eu-central-1"\?/,
      ],
    },
    "a region that the account hasn't enabled": {
      region: { name: "af-south-1", network: { vpc: existing.vpc, subnet: existing.subnet } },
      told: [/regions\[0\]\.name: the account hasn't enabled af-south-1: run `aws account enable-region/],
    },
    "another account than those that are allowed, and what else is wrong": {
      keys: { governance: { allowedAccountIds: ["111122223333"] } },
      region: { name: "eu-centrall-1" },
      told: [
        /governance\.allowedAccountIds: the credentials are of the account 123456789012, which isn't in this list/,
        /regions\[0\]\.name: "eu-centrall-1" is not a region/,
      ],
    },
    "a boundary that forbids what the machine needs": {
      keys: { governance: { permissionsBoundary: existing.narrowBoundary } },
      region: { network: { vpc: existing.otherVpc, subnet: existing.subnet } },
      told: [
        /governance\.permissionsBoundary: forbids what the machine needs: s3:GetObject\. Add/,
        /governance\.permissionsBoundary: forbids what Session Manager needs: ssm:UpdateInstanceInformation, /,
        /regions\[0\]\.network\.subnet: /,
      ],
    },
    "a key that is disabled, and that a subnet may lead to a NAT instance,": {
      keys: { governance: { kmsKey: existing.disabledKey } },
      region: { network: { vpc: existing.vpc, subnet: existing.natInstanceSubnet } },
      told: [
        /governance\.kmsKey: alias\/disabled in eu-central-1 is in the state Disabled: enable it/,
        /network\.subnet: the default route of subnet-0a+c leads to eni-0a+\. If that is a NAT/,
      ],
    },
    "a key that isn't there": {
      keys: { governance: { kmsKey: "alias/none" } },
      region: {},
      told: [/governance\.kmsKey: the KMS key alias\/none in eu-central-1 can't be found: /],
    },
    "a boundary that isn't there": {
      keys: { governance: { permissionsBoundary: `${existing.boundary}s` } },
      region: {},
      told: [/governance\.permissionsBoundary: arn:\S+boundarys can't be found: /],
    },
    "a boundary of another account": {
      keys: { governance: { permissionsBoundary: "arn:aws:iam::111122223333:policy/b" } },
      region: {},
      told: [
        /governance\.permissionsBoundary: is a policy of the account 111122223333, and the roles are created in 123456789012: name a policy of 123456789012/,
      ],
    },
    "a subnet of another network": {
      region: { network: { vpc: existing.otherVpc, subnet: existing.subnet } },
      told: [/regions\[0\]\.network\.subnet: subnet-0a+ is in vpc-0a+, not in vpc-0b+/],
    },
    "a subnet that the internet doesn't reach": {
      region: { network: { vpc: existing.vpc, subnet: existing.privateSubnet } },
      told: [/regions\[0\]\.network\.subnet: subnet-0a+b has no route to an internet gateway/],
    },
    "a private endpoint in a subnet without a way out": {
      region: {
        network: { vpc: existing.vpc, subnet: existing.subnet },
        endpoint: {
          hostname: "cache.eu-central-1.example.com",
          exposure: "private",
          tls: { mode: "private" },
        },
        access: { clients: ["10.0.0.0/8"] },
      },
      told: [
        /regions\[0\]\.network\.subnet: subnet-0a+ has a default route to igw-0a+, which takes no private address/,
      ],
    },
    "a private zone that isn't attached to the network": {
      region: {
        network: { vpc: existing.otherVpc, subnet: existing.subnet },
        endpoint: {
          hostname: "cache.corp.example.com",
          zone: existing.privateZone.name,
          exposure: "private",
          tls: { mode: "private" },
        },
        access: { clients: ["10.0.0.0/8", existing.peeredGroup, "sg-0cccccccccccccccc"] },
      },
      told: [
        /regions\[0\]\.access\.clients\[1\]: sg-0a+ is in vpc-0c+, which isn't peered with vpc-0b+: /,
        /regions\[0\]\.access\.clients\[2\]: the security group sg-0c+ can't be found: InvalidGroup\.NotFound/,
        /regions\[0\]\.endpoint\.zone: the private hosted zone corp\.example\.com isn't attached to vpc-0b+, .*associate-vpc-with-hosted-zone/,
        /regions\[0\]\.network\.subnet: subnet-0a+ is in vpc-0a+, not in vpc-0b+/,
      ],
    },
    "more clients than a machine can have": {
      region: {
        access: {
          clients: Array.from({ length: 301 }, (_, index) => `10.${index % 256}.${index >> 8}.0/24`),
        },
      },
      told: [
        /regions\[0\]\.access\.clients: takes, .* 301 rules for IPv4 and 0 for IPv6, .* 5 security groups of 60 each/,
      ],
    },
    "all that isn't in the account": {
      region: {
        machine: { type: "m7g.larg", image: "ami-0cccccccccccccccc" },
        network: { vpc: existing.vpc, subnet: "subnet-0cccccccccccccccc" },
        access: { clients: ["pl-0cccccccccccccccc"] },
        endpoint: {
          hostname: "cache.example.org",
          zone: "example.org",
          tls: { mode: "provided", secretName: "/keys/none" },
        },
      },
      told: [
        /regions\[0\]\.access\.clients\[0\]: the prefix list pl-0c+ can't be found: InvalidPrefixListID\.NotFound: /,
        /regions\[0\]\.endpoint\.tls\.secretName: the SSM parameter \/keys\/none can't be found: ParameterNotFound: /,
        /regions\[0\]\.endpoint\.zone: the public hosted zone example\.org can't be found: NotFound: /,
        /regions\[0\]\.machine\.image: ami-0c+ can't be found: InvalidAMIID\.NotFound: /,
        /regions\[0\]\.machine\.type: m7g\.larg \(did you mean "m7g\.large"\?\) isn't offered in eu-central-1: /,
        /regions\[0\]\.network\.subnet: subnet-0c+ can't be found: InvalidSubnetID\.NotFound: /,
      ],
    },
  },

  bucket: {
    types: [
      "BucketLifecycleConfiguration",
      "BucketOwnershipControls",
      "BucketServerSideEncryptionConfiguration",
    ],
    expiry: "update BucketLifecycleConfiguration …-store",
  },

  governedNetwork: {},
  governed: {
    allowedAccountIds: [accountId],
    permissionsBoundary: existing.boundary,
    iamPath: "/platform/",
    kmsKey: existing.key,
  },
  adopting: {
    network: { vpc: existing.vpc, subnet: existing.subnet },
    endpoint: {
      hostname: "cache.eu-central-1.example.com",
      zone: existing.zone.name,
      tls: { mode: "provided", secretName: existing.certificate },
    },
    access: { clients: "public", metrics: ["198.51.100.0/24"] },
  },
  adoptedTypes: ["Vpc", "Subnet", "InternetGateway"],
  openings: [
    "port 443 is open to 0.0.0.0/0",
    "port 443 is open to ::/0",
    "port 9443 is open to 198.51.100.0/24",
  ],
};
