import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hasAccountNamespace, nameLimits, namesOf } from "../../components/hosts/aws/naming.ts";
import { regionNames } from "../../components/hosts/aws/regions.ts";
import { stackTags } from "../../components/hosts/naming.ts";
import { credentialsSecret } from "../../components/pod/secrets.ts";

/** Names that Pulumi accepts: https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack */
const stack = fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/);
const region = fc.constantFrom("eu-central-1", "ap-southeast-2", "us-east-1");
const upstream = fc.stringMatching(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/);

test("adds only the names of stacks that don't follow the convention for one region", () => {
  const names = namesOf({ stack: "aws-eu-central-1", region: "eu-central-1" });
  assert.equal(names.role, "registry-cache-eu-central-1");
  assert.equal(names.instanceProfile, "registry-cache-eu-central-1");
  assert.equal(names.securityGroupPrefix, "registry-cache-eu-central-1-");
  assert.equal(names.alarm("recover"), "registry-cache-eu-central-1-recover");
  assert.equal(names.cluster, "registry-cache-eu-central-1");
  assert.equal(names.clusterRole("nodes"), "registry-cache-eu-central-1-nodes");
  assert.equal(names.parameter("credentials-gsoci"), "/registry-cache-eu-central-1/credentials-gsoci");
  assert.deepEqual(names.tags("data"), { Name: "registry-cache-eu-central-1-data" });
  assert.equal(namesOf({ stack: "prod", region: "eu-central-1" }).role, "registry-cache-prod-eu-central-1");
});

test("makes names in the form and length that AWS accepts, for any stack", () => {
  fc.assert(
    fc.property(stack, region, upstream, (stack, region, upstream) => {
      const names = namesOf({ stack, region });
      assert.match(names.role, /^[\w+=,.@-]+$/);
      assert.ok(names.role.length <= nameLimits.role);
      assert.match(names.cluster, /^[A-Za-z0-9][\w-]*$/);
      assert.ok(names.cluster.length <= nameLimits.cluster);
      assert.match(names.clusterRole("cert-manager"), /^[\w+=,.@-]+$/);
      assert.ok(names.clusterRole("cert-manager").length <= nameLimits.role);
      assert.match(names.instanceProfile, /^[\w+=,.@-]+$/);
      assert.ok(names.instanceProfile.length <= nameLimits.instanceProfile);
      assert.match(names.securityGroupPrefix, /^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]+$/);
      assert.ok(names.securityGroupPrefix.length <= nameLimits.securityGroupPrefix);
      assert.match(names.bucketPrefix, /^[a-z0-9][a-z0-9-]+$/);
      assert.ok(names.bucketPrefix.length <= nameLimits.bucketPrefix);
      const bucket = names.bucket("123456789012");
      assert.match(bucket, new RegExp(`^[a-z][a-z0-9-]+-123456789012-${region}-an$`));
      assert.ok(bucket.length <= nameLimits.bucket);
      assert.ok(names.alarm("recover").length <= nameLimits.alarm);
      const parameter = names.parameter(credentialsSecret(upstream));
      assert.match(parameter, /^\/(?!aws|ssm)[\w./-]+$/i);
      assert.ok(parameter.length <= nameLimits.parameter);
      assert.ok(names.tags("credentials").Name.length <= nameLimits.tag);
    }),
  );
});

test("puts a bucket into the account's own namespace where the region has one, by its name", () => {
  const bucket = (stack: string, region: string) => namesOf({ stack, region }).bucket("123456789012");
  assert.equal(bucket("aws-eu-central-1", "eu-central-1"), "registry-cache-123456789012-eu-central-1-an");
  assert.equal(bucket("aws-me-south-1", "me-south-1"), "registry-cache-123456789012-me-south-1");
  assert.deepEqual(["eu-central-1", "me-south-1"].map(hasAccountNamespace), [true, false]);
});

test("makes different names of role and bucket for each stack and region, because an account can't have them twice", () => {
  const cache = fc.record({ stack, region });
  fc.assert(
    fc.property(cache, cache, (one, other) => {
      fc.pre(one.stack !== other.stack || one.region !== other.region);
      assert.notEqual(namesOf(one).role, namesOf(other).role);
      assert.notEqual(namesOf(one).bucket("123456789012"), namesOf(other).bucket("123456789012"));
    }),
  );
});

test("gives each stack a prefix of Pod buckets that begins with no other's, because a deployer's rights are for the prefix", () => {
  const prefixOf = (stack: string, region: string) => namesOf({ stack, region }).bucketPrefix;
  assert.equal(prefixOf("aws-eu-central-1", "eu-central-1"), "registry-cache-eu-central-1-");
  const prefixes = regionNames.flatMap((region) =>
    [`aws-${region}`, `aws-${region}-team-b`, "prod"].map((stack) => prefixOf(stack, region)),
  );
  for (const one of prefixes) {
    assert.ok(one.length <= nameLimits.bucketPrefix, one);
    const same = prefixes.filter((other) => other.startsWith(one));
    assert.deepEqual(same, [one]);
  }
});

test("keeps shortened names different from others with the same beginning", () => {
  const start = "x".repeat(90);
  const [one, other] = ["a", "b"].map((end) => namesOf({ stack: start + end, region: "eu-central-1" }).role);
  assert.equal(one?.length, nameLimits.role);
  assert.notEqual(one, other);
});

test("makes tags that the machine's metadata service can serve", () => {
  for (const key of Object.keys(stackTags("prod"))) assert.match(key, /^[\w+=.,@:-]+$/);
});
