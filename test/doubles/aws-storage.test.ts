/** The double must refuse what EBS and S3 refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expiry, make, policyOf, region, storeName } from "./aws-things.ts";
import type { Thing } from "./cloud.ts";
import { testRefusals } from "./refusals.ts";

testRefusals(make, {
  "an input that it doesn't have": { of: "disk", with: { sizeGiB: 1 }, says: /sizeGiB is not an input/ },
  "a missing input": {
    of: "disk",
    with: { availabilityZone: undefined },
    says: /availabilityZone is required/,
  },
  "a value of another type": { of: "disk", with: { size: "100" }, says: /size must be number/ },
  "a disk in another region": {
    of: "disk",
    with: { availabilityZone: "eu-west-1a" },
    says: /zone eu-west-1a/,
  },
  "more throughput than IOPS carry": {
    of: "disk",
    with: { throughput: 1000 },
    says: /1000 MiB\/s with 3000 IOPS/,
  },
  "a disk that is too large": { of: "disk", with: { size: 70_000 }, says: /Volume of 70000GiB/ },
  "a second use of a disk": { of: "attachment", with: {}, says: /VolumeInUse/ },
  "a bucket name that is too long": {
    of: "bucket",
    with: { bucketPrefix: "x".repeat(38) },
    says: /InvalidBucketName/,
  },
  "an object in no bucket": { of: "object", with: { bucket: "other" }, says: /NotFound: bucket/ },
  "a bucket name that another account has": {
    of: "store",
    with: { bucket: "theirs", bucketNamespace: "global" },
    says: /BucketAlreadyExists/,
  },
  "a name of the account's namespace without its ending": {
    of: "store",
    with: { bucket: "cache" },
    says: /InvalidBucketNamespace/,
  },
  "a name with that ending in the namespace of all": {
    of: "store",
    with: { bucketNamespace: "global" },
    says: /InvalidBucketNamespace/,
  },
  "a setting twice for a bucket": { of: "ownership", with: {}, says: /AlreadyExists/ },
  "an ownership that there isn't": {
    of: "ownership",
    with: { rule: { objectOwnership: "Mine" } },
    says: /s3\.PutBucketOwnershipControls: .*ObjectOwnership can't be Mine/,
  },
  "an encryption that there isn't": {
    of: "encryption",
    with: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "DES" } }] },
    says: /s3\.PutBucketEncryption: .*SSEAlgorithm can't be DES/,
  },
  "a bucket's policy about nobody": {
    of: "bucketPolicy",
    with: { policy: policyOf({ Effect: "Deny", Action: "s3:*", Resource: `arn:aws:s3:::${storeName}` }) },
    says: /Principal .* is needed in a bucket's/,
  },
  "a bucket's policy about another one": {
    of: "bucketPolicy",
    with: {
      policy: policyOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::other" }),
    },
    says: /invalid resource/,
  },
  "a policy that makes a blocked bucket public": {
    of: "bucketPolicy",
    with: {
      policy: policyOf({
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${storeName}/*`,
      }),
    },
    says: /AccessDenied/,
  },
  "a lifecycle rule that does nothing": {
    of: "lifecycle",
    with: { rules: [{ ...expiry, expiration: {} }] },
    says: /At least one action/,
  },
  "a lifecycle rule by no days": {
    of: "lifecycle",
    with: { rules: [{ ...expiry, expiration: { days: 0 } }] },
    says: /positive integer/,
  },
  "two lifecycle rules of one name": {
    of: "lifecycle",
    with: { rules: [expiry, expiry] },
    says: /Rule IDs/,
  },
});

test("refuses to delete a bucket with objects, unless it has forceDestroy", () => {
  const { cloud, things } = make();
  const { type, id, scope, inputs } = things.bucket as Thing;
  assert.throws(() => cloud.delete(type, id, scope), /BucketNotEmpty/);
  cloud.update(type, id, { ...inputs, forceDestroy: true }, scope);
  cloud.delete(type, id, scope);
  const object = things.object as Thing;
  assert.equal(cloud.find(object.type, object.id, scope), undefined);
});

test("replaces the object that has the same key", () => {
  const { cloud, things } = make();
  const { type, id, scope, inputs } = things.object as Thing;
  cloud.create(type, "other", { ...inputs, content: "kind: Other" }, scope);
  assert.equal(cloud.find(type, id, scope)?.inputs.content, "kind: Other");
  cloud.delete(type, id, scope);
  assert.equal(cloud.find(type, id, scope), undefined);
});

test("deletes a bucket's settings with it, and hides the content of another account's bucket", () => {
  const { cloud, things } = make();
  const { type, id, scope } = things.store as Thing;
  const look = (bucket: string) => cloud.invoke("aws:s3/getBucket:getBucket", { bucket }, scope);
  assert.equal(look(id).bucket, id);
  assert.throws(() => look("theirs"), /StatusCode: 403/);
  cloud.delete(type, id, scope);
  assert.equal(cloud.find((things.lifecycle as Thing).type, id, scope), undefined);
  assert.throws(() => look(id), /couldn't find resource/);
});

test("refuses to shrink a disk", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.disk as Thing;
  assert.throws(() => cloud.update(type, id, { ...inputs, size: 99 }, region), /cannot be smaller/);
});
