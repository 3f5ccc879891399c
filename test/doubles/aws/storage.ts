import { list } from "../../../policy/iam.ts";
import { everywhere, type Reference, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { bucketType, foreignBucket } from "./account.ts";
import { accountId } from "./existing.ts";
import { bucketKey, demandKey, objectType } from "./kms.ts";
import { checkPolicy, statementsOf } from "./policy.ts";

const publicAccessBlock = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const isName = (name: string) =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--(?:ol|x|table)-s3$|\.mrap$/.test(name);

/** The length of the provider's random suffix. */
const uniqueSuffix = 26;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html */
const withoutAccountNamespace = ["me-central-1", "me-south-1"];

/** Deleted with its bucket. */
const inBucket: Reference = { at: "bucket", to: bucketType, onDelete: "delete" };

/** The rules of a setting that a bucket has at most once. */
function setting(own: Partial<Rules> = {}): Rules {
  return {
    ...own,
    replacing: ["bucket"],
    references: [inBucket],
    create: ({ inputs }) => ({ id: text("bucket", inputs) }),
  };
}

export const storage: Readonly<Record<string, Rules>> = {
  [bucketType]: {
    replacing: ["bucket", "bucketPrefix", "bucketNamespace"],
    unread: ["forceDestroy"],
    check(inputs, { scope }) {
      const { bucket, bucketPrefix, bucketNamespace } = inputs;
      demand(
        (bucket === undefined) !== (bucketPrefix === undefined),
        "InvalidBucketName",
        "a name, or the start of one",
      );
      const name = String(bucket ?? `${bucketPrefix}${"0".repeat(uniqueSuffix)}`);
      demand(isName(name), "InvalidBucketName", `The specified bucket is not valid: ${name}`);
      const isAccounts = name.endsWith(`-${accountId}-${scope}-an`);
      const isValid =
        bucketNamespace === "account-regional"
          ? isAccounts && !withoutAccountNamespace.includes(scope)
          : !name.endsWith("-an");
      demand(isValid, "InvalidBucketNamespace", `${name} is not a name of the namespace ${bucketNamespace}`);
    },
    admit({ cloud, inputs }) {
      const name = text("bucket", inputs);
      const taken = cloud.find(foreignBucket, name, everywhere);
      demand(!taken, "BucketAlreadyExists", "The requested bucket name is not available.");
    },
    create({ cloud, inputs }) {
      const name = String(inputs.bucket ?? `${inputs.bucketPrefix}${cloud.digits(uniqueSuffix)}`);
      return { id: name, outputs: { bucket: name, arn: `arn:aws:s3:::${name}` } };
    },
    delete(thing, cloud) {
      const content = cloud.things(objectType).filter((it) => it.inputs.bucket === thing.id);
      const isEmptied = thing.inputs.forceDestroy === true;
      demand(content.length === 0 || isEmptied, "BucketNotEmpty", "The bucket is not empty");
      for (const it of content) cloud.remove(it);
    },
  },

  [publicAccessBlock]: setting(),

  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting(),

  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": setting({
    check(inputs) {
      const algorithm = text("rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", inputs);
      const isKms = algorithm !== "AES256";
      const key = text("rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", inputs);
      demand(isKms || key === "", "InvalidArgument", "a KMS key doesn't go with AES256");
    },
    admit: (request) =>
      demandKey(request, text("rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", request.inputs)),
  }),

  "aws:s3/bucketPolicy:BucketPolicy": setting({
    check(inputs) {
      const policy = text("policy", inputs);
      checkPolicy(policy, "bucket");
      const own = new RegExp(`^arn:aws:s3:::${inputs.bucket}(?:/.*)?$`);
      const resources = statementsOf(policy).flatMap((statement) => list(statement.Resource));
      demand(
        resources.every((resource) => own.test(resource)),
        "MalformedPolicy",
        "Policy has invalid resource",
      );
    },
    admit({ cloud, scope, inputs }) {
      const isPublic = statementsOf(text("policy", inputs)).some(
        ({ Effect, Principal }) => Effect === "Allow" && Principal === "*",
      );
      const block = cloud.find(publicAccessBlock, text("bucket", inputs), scope)?.inputs;
      demand(!isPublic || block?.blockPublicPolicy !== true, "AccessDenied", "public policies are blocked");
    },
  }),

  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": setting({
    /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html */
    check(inputs) {
      const rules = valuesAt("rules[*]", inputs) as Inputs[];
      const ids = rules.map((rule) => text("id", rule));
      const valid =
        rules.length > 0 && ids.every((id) => /^.{1,255}$/.test(id)) && new Set(ids).size === ids.length;
      demand(valid, "InvalidArgument", `Rule IDs ${ids}`);
      for (const rule of rules) checkLifecycle(rule);
    },
  }),

  [objectType]: {
    replacing: ["bucket", "key"],
    overwrites: true,
    unread: ["content"],
    references: [{ at: "bucket", to: bucketType, onDelete: "leave" }],
    /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
    check(inputs) {
      const key = text("key", inputs);
      demand(/^[\w!.*'()/-]{1,1024}$/.test(key), "KeyTooLongError", `key ${key}`);
      demand(text("content", inputs).length > 0, "InvalidRequest", "an object without content");
    },
    create: (request) => ({
      id: `${request.inputs.bucket}/${request.inputs.key}`,
      outputs: {
        kmsKeyId: text("kmsKeyId", request.inputs) || bucketKey(request, text("bucket", request.inputs)),
      },
    }),
  },
};

function checkLifecycle(rule: Inputs): void {
  demand(rule.filter !== undefined, "MalformedXML", "a rule needs a filter");
  const days = ["expiration.days", "abortIncompleteMultipartUpload.daysAfterInitiation"].flatMap(
    (path) => valueAt(path, rule) ?? [],
  );
  demand(days.length > 0, "InvalidRequest", "At least one action needs to be specified in a rule");
  for (const count of days) {
    const isWhole = Number.isInteger(count) && Number(count) > 0;
    demand(isWhole, "InvalidArgument", `days must be a positive integer, not ${count}`);
  }
}
