import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";
import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import { challengeName } from "../../config/endpoint.ts";
import type { RegionPlan } from "../kind.ts";

/** Lets EC2 assume the role for a machine. */
export const machineTrust: PolicyDocument = document({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});

/**
 * The rights that lego needs to answer the DNS-01 challenge for one name. They cover no other record of the zone.
 *
 * In conditions, record names must be lower case, escaped and without a final dot. The configuration's host names already are.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html,
 * https://github.com/go-acme/lego/blob/v5.6.0/providers/dns/route53/route53.toml
 */
export function challengePolicy(zoneArn: string, hostname: string): PolicyDocument {
  return document(
    // IAM can't limit this to one's own changes: anyone who knows a change's id could read its status.
    { Effect: "Allow", Action: "route53:GetChange", Resource: "arn:aws:route53:::change/*" },
    { Effect: "Allow", Action: "route53:ListResourceRecordSets", Resource: zoneArn },
    {
      Effect: "Allow",
      Action: "route53:ChangeResourceRecordSets",
      Resource: zoneArn,
      Condition: {
        // `ForAllValues` is also true if the key is missing, but every request of this action has the key.
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [challengeName(hostname)],
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
          "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
        },
      },
    },
  );
}

/**
 * The right to read the given SSM parameters. All others are denied, because AmazonSSMManagedInstanceCore, which Session Manager needs, allows reading every parameter of the
 * account. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
 */
export function parametersPolicy(arns: readonly string[]): PolicyDocument {
  if (arns.length === 0) return document({ Effect: "Deny", Action: readParameters, Resource: "*" });
  return document(
    { Effect: "Allow", Action: "ssm:GetParameter", Resource: [...arns] },
    { Effect: "Deny", Action: readParameters, NotResource: [...arns] },
  );
}

/**
 * The right to decrypt SSM parameters, whichever key encrypts them: Parameter Store passes the parameter's ARN to KMS. Its default key, `aws/ssm`, needs no right; other keys do.
 * {@link parametersPolicy} limits which parameters can be read. https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
 * @param arn may contain stars
 */
export function decryptParameters(region: string, arn: string): PolicyStatement {
  return decrypt(region, {
    StringEquals: { "kms:ViaService": `ssm.${region}.amazonaws.com` },
    StringLike: { "kms:EncryptionContext:PARAMETER_ARN": arn },
  });
}

/**
 * The right to decrypt the objects of one bucket, whichever key encrypts them: an object keeps its key when the bucket gets another one. S3 passes the bucket's or the object's
 * ARN to KMS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
 */
export function decryptObjects(region: string, bucketArn: string): PolicyStatement {
  return decrypt(region, ofBucket(region, bucketArn));
}

/** @param Condition limits the right, because it is for any key of the region */
function decrypt(region: string, Condition: PolicyStatement["Condition"]): PolicyStatement {
  return { Effect: "Allow", Action: "kms:Decrypt", Resource: `arn:aws:kms:${region}:*:key/*`, Condition };
}

/** The right to write the objects of one bucket with a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms */
export function encryptObjects(region: string, bucketArn: string, keyArn: string): PolicyStatement {
  return {
    Effect: "Allow",
    Action: "kms:GenerateDataKey",
    Resource: keyArn,
    Condition: ofBucket(region, bucketArn),
  };
}

function ofBucket(region: string, bucketArn: string): PolicyStatement["Condition"] {
  return {
    StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` },
    StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucketArn, `${bucketArn}/*`] },
  };
}

/** The right to read the Pod: see pod.ts. */
export function podPolicy(bucketArn: string): PolicyDocument {
  return document({
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: [`${bucketArn}/pod`, `${bucketArn}/pods/*`],
  });
}

/**
 * The rights that distribution's S3 driver needs in its bucket. A URL that it signs has these rights too.
 * https://github.com/distribution/distribution/blob/v3.1.2/docs/content/storage-drivers/s3.md#s3-permission-scopes
 */
export function bucketPolicy(bucket: string): PolicyDocument {
  const arn = `arn:aws:s3:::${bucket}`;
  return document(
    {
      Effect: "Allow",
      Action: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      Resource: arn,
    },
    {
      Effect: "Allow",
      Action: [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
      ],
      Resource: `${arn}/*`,
    },
  );
}

/** {@link bucketPolicy}, with the right to use the configured KMS key, if any. */
export function bucketRights(region: string, bucket: string, keyArn: string | undefined): PolicyDocument {
  const rights = bucketPolicy(bucket);
  if (keyArn === undefined) return rights;
  const arn = `arn:aws:s3:::${bucket}`;
  const key = [decryptObjects(region, arn), encryptObjects(region, arn, keyArn)];
  return document(...(rights.Statement as PolicyStatement[]), ...key);
}

/** A bucket policy that denies all unencrypted requests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html#transit */
export function encryptedOnlyPolicy(bucket: string): PolicyDocument {
  const arn = `arn:aws:s3:::${bucket}`;
  return document({
    Sid: "EncryptedOnly",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: {
      Bool: { "aws:SecureTransport": "false" },
    },
  });
}

const readParameters = ["ssm:GetParameter", "ssm:GetParameters"];

export function document(...statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

/** The configured path and boundary of every role that the stack creates. A machine's instance profile has the same path. */
export function roleSettings({
  governance: { iamPath: path, permissionsBoundary } = {},
}: Pick<RegionPlan, "governance">): Pick<RoleArgs, "path" | "permissionsBoundary"> {
  return {
    ...(path !== undefined && { path }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
  };
}
