import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nameLimits, namesOf, stackTags } from "../../components/hosts/aws/naming.ts";
import { credentialsOf } from "../../components/hosts/vm/secrets.ts";

/** What Pulumi takes: https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack */
const stack = fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/);
const region = fc.constantFrom("eu-central-1", "ap-southeast-2", "us-east-1");
const upstream = fc.stringMatching(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/);

test("the stack of one region, named by convention, adds nothing to the names; any other does", () => {
  const names = namesOf({ stack: "aws-eu-central-1", region: "eu-central-1" });
  assert.equal(names.role, "registry-cache-eu-central-1");
  assert.equal(names.instanceProfile, "registry-cache-eu-central-1");
  assert.equal(names.securityGroupPrefix, "registry-cache-eu-central-1-");
  assert.equal(names.alarm("recover"), "registry-cache-eu-central-1-recover");
  assert.equal(names.parameter("credentials-gsoci"), "/registry-cache-eu-central-1/credentials-gsoci");
  assert.deepEqual(names.tags("data"), { Name: "registry-cache-eu-central-1-data" });
  assert.equal(namesOf({ stack: "prod", region: "eu-central-1" }).role, "registry-cache-prod-eu-central-1");
});

test("names have the form and length that AWS takes, for any stack", () => {
  fc.assert(
    fc.property(stack, region, upstream, (stack, region, upstream) => {
      const names = namesOf({ stack, region });
      assert.match(names.role, /^[\w+=,.@-]+$/);
      assert.ok(names.role.length <= nameLimits.role);
      assert.match(names.instanceProfile, /^[\w+=,.@-]+$/);
      assert.ok(names.instanceProfile.length <= nameLimits.instanceProfile);
      assert.match(names.securityGroupPrefix, /^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]+$/);
      assert.ok(names.securityGroupPrefix.length <= nameLimits.securityGroupPrefix);
      assert.match(names.bucketPrefix, /^[a-z0-9][a-z0-9-]+$/);
      assert.ok(names.bucketPrefix.length <= nameLimits.bucketPrefix);
      assert.ok(names.alarm("recover").length <= nameLimits.alarm);
      const parameter = names.parameter(credentialsOf(upstream));
      assert.match(parameter, /^\/(?!aws|ssm)[\w./-]+$/i);
      assert.ok(parameter.length <= nameLimits.parameter);
      assert.ok(names.tags("credentials").Name.length <= nameLimits.tag);
    }),
  );
});

test("the role's name, which is unique in an account, differs between stacks and between regions", () => {
  const cache = fc.record({ stack, region });
  fc.assert(
    fc.property(cache, cache, (one, other) => {
      fc.pre(one.stack !== other.stack || one.region !== other.region);
      assert.notEqual(namesOf(one).role, namesOf(other).role);
    }),
  );
});

test("a name that was cut still differs from others that begin alike", () => {
  const start = "x".repeat(90);
  const [one, other] = ["a", "b"].map((end) => namesOf({ stack: start + end, region: "eu-central-1" }).role);
  assert.equal(one?.length, nameLimits.role);
  assert.notEqual(one, other);
});

test("tags can be read by the machine's metadata service", () => {
  for (const key of Object.keys(stackTags("prod"))) assert.match(key, /^[\w+=.,@:-]+$/);
});
