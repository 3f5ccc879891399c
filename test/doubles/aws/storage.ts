import { demand, type Rules, text } from "../cloud.ts";

const bucket = "aws:s3/bucket:Bucket";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const isPrefix = (prefix: string) =>
  /^[a-z0-9][a-z0-9.-]{0,36}$/.test(prefix) && !/\.\.|^xn--|^sthree-/.test(prefix);

export const storage: Readonly<Record<string, Rules>> = {
  [bucket]: {
    replacing: ["bucket", "bucketPrefix"],
    check(inputs) {
      const prefix = text("bucketPrefix", inputs);
      demand(isPrefix(prefix), "InvalidBucketName", `The specified bucket is not valid: ${prefix}`);
    },
    create({ cloud, inputs }) {
      const name = `${inputs.bucketPrefix}${cloud.digits(26)}`;
      return { id: name, outputs: { bucket: name, arn: `arn:aws:s3:::${name}` } };
    },
    delete(thing, cloud) {
      const isFull = cloud
        .things("aws:s3/bucketObjectv2:BucketObjectv2")
        .some((it) => it.inputs.bucket === thing.id);
      demand(!isFull || thing.inputs.forceDestroy === true, "BucketNotEmpty", "The bucket is not empty");
    },
  },

  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    replacing: ["bucket"],
    references: [{ at: "bucket", to: bucket, onDelete: "leave" }],
    create: ({ inputs }) => ({ id: text("bucket", inputs) }),
  },

  "aws:s3/bucketObjectv2:BucketObjectv2": {
    replacing: ["bucket", "key"],
    references: [{ at: "bucket", to: bucket, onDelete: "leave" }],
    /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
    check(inputs) {
      const key = text("key", inputs);
      demand(/^[\w!.*'()/-]{1,1024}$/.test(key), "KeyTooLongError", `key ${key}`);
      demand(text("content", inputs).length > 0, "InvalidRequest", "an object without content");
      const tags = Object.keys((inputs.tags as object | undefined) ?? {});
      demand(tags.length <= 10, "BadRequest", "Object tags cannot be greater than 10");
    },
    create: ({ inputs }) => ({ id: `${inputs.bucket}/${inputs.key}` }),
  },
};
