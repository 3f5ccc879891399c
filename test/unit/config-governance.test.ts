import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { stackTags } from "../../components/hosts/naming.ts";
import { assertProblem, aws, awsRegion, local, problemsOf, upstreams } from "../support/raw-stacks.ts";

const azure = {
  provider: "azure",
  regions: [
    {
      ...awsRegion,
      name: "westeurope",
      endpoint: { ...awsRegion.endpoint, zoneResourceGroup: "dns" },
    },
  ],
  upstreams,
};
const governed = (stack: object, governance: object) => ({ ...stack, governance });
const tagged = (stack: object, tags: object) => governed(stack, { tags });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag-${i}`, ""]));

test("keeps the stack's tags unchanged", () => {
  const tags = { "cost-center": "4711", team: "platform", Empty: "" };
  for (const stack of [aws, azure]) {
    const config = parseConfig(tagged(stack, tags));
    assert.deepEqual("governance" in config && config.governance?.tags, tags);
  }
  assert.deepEqual(problemsOf(tagged(aws, { "Cost Center": "a=b" })), []);
});

test("refuses tags that a cloud doesn't accept, each by name", () => {
  const refused: [object, object, RegExp][] = [
    [aws, { "aws:team": "a" }, /^governance\.tags\["aws:team"\]: begins with "aws:", which is reserved/],
    [aws, { "EKS:team": "a" }, /begins with "eks:", which is reserved/],
    ...["eks.amazonaws.com/", "elbv2.k8s.aws/", "karpenter.sh/", "kubernetes.io/", "service.k8s.aws/"].map(
      (start): [object, object, RegExp] => [
        aws,
        { [`${start}a`]: "a" },
        /begins with ".*\/", which is reserved/,
      ],
    ),
    [aws, { "a=b": "c" }, /^governance\.tags\["a=b"\]: has characters that AWS doesn't take in a tag/],
    [aws, { team: "a,b" }, /^governance\.tags\.team: has characters that AWS doesn't take in a tag/],
    [aws, { team: " a" }, /begins or ends with a space/],
    [aws, { "": "a" }, /has no name$/],
    [aws, { ["a".repeat(129)]: "" }, /has a name of 129 characters: at most 128$/],
    [aws, { team: "a".repeat(257) }, /has 257 characters: at most 256$/],
    [aws, { Project: "a" }, /^governance\.tags\.Project: is the project's own tag "project": choose another/],
    [aws, { name: "a" }, /is the project's own tag "Name"/],
    [aws, { team: "a", Team: "a" }, /^governance\.tags\.Team: differs from "team" in case only/],
    [aws, { team: 4711 }, /^governance\.tags\.team: must be text, not a number: put it in quotes$/],
    [aws, many(41), /^governance\.tags: has 41 tags, and 40 are possible: AWS takes 50/],
    [azure, { "a/b": "c" }, /has characters that Azure doesn't take in a tag: no <>%&\\\?\//],
    [azure, { azureTeam: "a" }, /begins with "azure", which is reserved/],
    [azure, { WindowsTeam: "a" }, /begins with "windows", which is reserved/],
    [azure, { microsoftTeam: "a" }, /begins with "microsoft", which is reserved/],
    [azure, { "Custom-Data": "a" }, /is the project's own tag "custom-data"/],
    [azure, many(12), /^governance\.tags: has 12 tags, and 11 are possible: Azure takes 15/],
  ];
  for (const [stack, tags, message] of refused) assertProblem(tagged(stack, tags), message);
  for (const [stack, count] of [
    [aws, 40],
    [azure, 11],
  ] as const)
    assert.deepEqual(problemsOf(tagged(stack, many(count))), []);
});

test("refuses the stack's own tags in both clouds", () => {
  for (const name of Object.keys(stackTags("test"))) {
    for (const stack of [aws, azure])
      assertProblem(tagged(stack, { [name]: "a" }), new RegExp(`is the project's own tag "${name}": choose`));
  }
});

test("refuses a tag that a DNS zone can't have if the stack creates a zone", () => {
  const tags = { "Cost Center": "a", "4eyes": "b" };
  const message =
    "a DNS zone in Azure takes no tag with a space, # or : in its name, or with a digit at its beginning, and regions[0] has such a zone for `tls: { mode: acme }`";
  assert.deepEqual(problemsOf(tagged(azure, tags)), [
    `governance.tags["Cost Center"]: ${message}`,
    `governance.tags.4eyes: ${message}`,
  ]);
  const endpoint = { hostname: "cache.example.com", tls: { mode: "private" } };
  assert.deepEqual(problemsOf(tagged({ ...azure, regions: [{ ...azure.regions[0], endpoint }] }, tags)), []);
});

test("allows governance only for a cloud's stack, with that cloud's keys", () => {
  assertProblem(tagged(local, { team: "a" }), /^governance: unknown key/);
  assertProblem(governed(aws, { tag: {} }), /^governance\.tag: unknown key; did you mean "tags"\?$/);
  assertProblem(governed(aws, { tags: ["team"] }), /^governance\.tags: must be a mapping, not a list$/);
});

test("compares AWS's requirements with each other only in a stack of AWS", () => {
  const governance = {
    allowedAccountIds: ["111122223333"],
    permissionsBoundary: "arn:aws:iam::444455556666:policy/boundary",
  };
  const isAboutAccounts = (problem: string) => problem.includes("which isn't in `allowedAccountIds`");
  assert.ok(problemsOf(governed(aws, governance)).some(isAboutAccounts));
  assert.ok(!problemsOf(governed(local, governance)).some(isAboutAccounts));
});

test("accepts AWS's accounts, boundary and path in AWS's forms", () => {
  const boundary = "arn:aws:iam::111122223333:policy/platform/boundary";
  const accepted = { allowedAccountIds: ["111122223333"], permissionsBoundary: boundary, iamPath: "/a/b.c/" };
  assert.deepEqual(problemsOf(governed(aws, accepted)), []);
  for (const permissionsBoundary of [boundary, "arn:aws:iam::aws:policy/PowerUserAccess"])
    assert.deepEqual(problemsOf(governed(aws, { permissionsBoundary })), []);
  const refused: [object, RegExp][] = [
    [
      { allowedAccountIds: [111122223333] },
      /^governance\.allowedAccountIds\[0\]: must be text: put it in quotes/,
    ],
    [{ allowedAccountIds: ["1111"] }, /"1111" is not the id of an AWS account: 12 digits/],
    [{ allowedAccountIds: [] }, /must have at least 1 entry$/],
    [{ permissionsBoundary: "boundary" }, /"boundary" is not the ARN of an IAM policy/],
    [{ iamPath: "platform" }, /"platform" is not a path of IAM, which begins and ends with a slash/],
    [
      { ...accepted, allowedAccountIds: ["999922223333"] },
      /^governance\.permissionsBoundary: is a policy of the account 111122223333, which isn't in `allowedAccountIds`$/,
    ],
  ];
  for (const [governance, message] of refused) assertProblem(governed(aws, governance), message);
  assertProblem(governed(azure, { iamPath: "/a/" }), /^governance\.iamPath: unknown key/);
});

test("refuses to ignore the tags of the stack", () => {
  const ignored = (...ignoredTags: string[]) => governed(aws, { tags: { owner: "a" }, ignoredTags });
  assert.deepEqual(problemsOf(ignored("map-migrated", "scanner:*", "own", "owners")), []);
  for (const [entry, name] of [
    ["owner", "owner"],
    ["own*", "owner"],
    ["stack", "stack"],
    ["Na*", "Name"],
  ] as const)
    assertProblem(
      ignored("a", entry),
      new RegExp(`^governance\\.ignoredTags\\[1\\]: includes the tag "${name}"`),
    );
  assertProblem(ignored("a*b"), /^governance\.ignoredTags\[0\]: "a\*b" is not the name of a tag/);
  for (const entry of [" a", "a ", " a*"])
    assertProblem(ignored(entry), /^governance\.ignoredTags\[0\]: begins or ends with a space$/);
  assert.deepEqual(problemsOf(ignored("Cost *")), []);
});

test("refuses to ignore the tags by which EKS finds the subnets of a network that the stack creates", () => {
  const ignored = (change: object) => ({
    ...governed(aws, { ignoredTags: ["kubernetes.io/*"] }),
    regions: [{ ...awsRegion, ...change }],
  });
  const cluster = { topology: "cluster", apiAccess: ["198.51.100.0/24"], storage: { kind: "bucket" } };
  const message = /^governance\.ignoredTags\[0\]: includes the tag "kubernetes\.io\/role\/elb"/;
  assertProblem(ignored(cluster), message);
  assertProblem(ignored({ ...cluster, network: { vpc: "create" } }), message);
  const network = {
    vpc: "vpc-0123456789abcdef0",
    nodeSubnets: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    loadBalancerSubnets: ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
  };
  assert.deepEqual(problemsOf(ignored({ ...cluster, network })), []);
  assert.deepEqual(problemsOf(ignored({})), []);
});

test("accepts an alias as the key of every region, or a key for each region", () => {
  const key = (region: string) => `arn:aws:kms:${region}:111122223333:key/0a1b`;
  const second = {
    ...awsRegion,
    name: "eu-west-1",
    endpoint: { ...awsRegion.endpoint, hostname: "b.example.com" },
  };
  const two = { ...aws, regions: [awsRegion, second] };
  const each = { "eu-central-1": key("eu-central-1"), "eu-west-1": "alias/cache" };
  for (const kmsKey of ["alias/team/cache", each])
    assert.deepEqual(problemsOf(governed(two, { kmsKey })), []);
  assert.deepEqual(problemsOf(governed(aws, { kmsKey: key("eu-central-1") })), []);
  const refused: [unknown, RegExp][] = [
    [
      key("eu-central-1"),
      /^governance\.kmsKey: is a key in eu-central-1, and eu-west-1 is a region of this stack/,
    ],
    [{ "eu-central-1": "alias/a" }, /^governance\.kmsKey: has none for eu-west-1, a region of this stack$/],
    [
      { ...each, "eu-west-3": "alias/a" },
      /^governance\.kmsKey\["eu-west-3"\]: isn't a region of this stack$/,
    ],
    [
      { "eu-central-1": "alias/a", "eu-wst-1": "alias/a" },
      /^governance\.kmsKey\["eu-wst-1"\]: isn't a region of this stack, which has "eu-west-1": write both in the same way$/,
    ],
    [
      { ...each, "eu-west-1": key("eu-west-2") },
      /^governance\.kmsKey\["eu-west-1"\]: is a key in eu-west-2, and eu-we/,
    ],
    [
      "alias/aws/ebs",
      /^governance\.kmsKey: "alias\/aws\/ebs" is not a key of KMS of yours: write alias\/name/,
    ],
    [
      { ...each, "eu-west-1": "cache" },
      /^governance\.kmsKey\["eu-west-1"\]: "cache" is not a key of KMS of yours/,
    ],
    [["alias/a"], /^governance\.kmsKey: must be a key of KMS, or a mapping of regions to these$/],
  ];
  for (const [kmsKey, message] of refused) assertProblem(governed(two, { kmsKey }), message);
});

test("accepts the principals for clusters once each, and only with a cluster", () => {
  const cluster = {
    ...aws,
    regions: [
      {
        ...awsRegion,
        topology: "cluster",
        storage: { kind: "bucket" },
        apiAccess: ["192.0.2.0/24"],
      },
    ],
  };
  const entry = { principalArn: "arn:aws:iam::111122223333:role/team/on-call" };
  assert.deepEqual(problemsOf(governed(cluster, { clusterAccess: [entry] })), []);
  assertProblem(
    governed(aws, { clusterAccess: [entry] }),
    /^governance\.clusterAccess: goes with `topology: cluster`/,
  );
  assertProblem(
    governed(cluster, { clusterAccess: [entry, { ...entry, policy: "edit" }] }),
    /^governance\.clusterAccess\[1\]\.principalArn: is that of governance\.clusterAccess\[0\]$/,
  );
  const session = { principalArn: "arn:aws:sts::111122223333:assumed-role/on-call/me" };
  assertProblem(
    governed(cluster, { clusterAccess: [session] }),
    /clusterAccess\[0\]\.principalArn: .* is not the ARN of an IAM role or user/,
  );
});

test("accepts the subscription of a challenge zone only with that zone", () => {
  const [region] = azure.regions;
  const problems = (tls: object) => {
    const endpoint = { ...region?.endpoint, tls: { mode: "acme", email: "a@example.com", ...tls } };
    return problemsOf({ ...azure, regions: [{ ...region, endpoint }] });
  };
  const challengeZoneSubscription = "22222222-2222-4333-8444-555555555555";
  const zone = { challengeZone: "example.com", challengeZoneResourceGroup: "dns" };
  assert.deepEqual(problems({ ...zone, challengeZoneSubscription }), []);
  assert.deepEqual(problems({ challengeZoneSubscription }), [
    "regions[0].endpoint.tls.challengeZoneSubscription: goes with `challengeZone`, the DNS zone that is in this subscription",
  ]);
});

test("accepts Azure's keys in Azure's forms, and a subscription of a zone only with a zone", () => {
  const group = "/subscriptions/s/resourceGroups/g/providers";
  const diskEncryptionSet = `${group}/Microsoft.Compute/diskEncryptionSets/disks`;
  const identity = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/storage`;
  const storageKey = { key: "https://keys.vault.azure.net/keys/storage", identity };
  assert.deepEqual(problemsOf(governed(azure, { diskEncryptionSet, storageKey })), []);
  const refused: [object, RegExp][] = [
    [
      { diskEncryptionSet: "disks" },
      /^governance\.diskEncryptionSet: "disks" is not the resource id of a disk/,
    ],
    [
      { diskEncryptionSet: { northeurope: diskEncryptionSet, westeurope: diskEncryptionSet } },
      /isn't a region of/,
    ],
    [
      { storageKey: { ...storageKey, key: `${storageKey.key}/0123` } },
      /storageKey\.key: .* without its version/,
    ],
    [
      { storageKey: { key: storageKey.key } },
      /^governance\.storageKey\.identity: is missing: Resource id of an/,
    ],
  ];
  for (const [governance, message] of refused) assertProblem(governed(azure, governance), message);
  const [region] = azure.regions;
  const zoneSubscription = "22222222-2222-4333-8444-555555555555";
  const endpoint = { hostname: "cache.example.com", tls: { mode: "private" }, zoneSubscription };
  assertProblem(
    { ...azure, regions: [{ ...region, endpoint }] },
    /^regions\[0\]\.endpoint\.zoneSubscription: goes with `zone`/,
  );
});
