import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";
import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import type { RegionPlan } from "../kind.ts";

/** Lets EC2 give the role to a machine. */
export const machineTrust: PolicyDocument = document({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});

/**
 * What lego needs to prove one name by DNS-01, and no other record of the zone.
 *
 * The names of a record in conditions are lower case without a final dot; a host name of the configuration is, and has nothing to escape.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html,
 * https://github.com/go-acme/lego/blob/v5.6.0/providers/dns/route53/route53.toml
 */
export function challengePolicy(zoneArn: string, hostname: string): PolicyDocument {
  return document(
    // Changes have no owner: an id is all that one needs to see whether a change is done.
    { Effect: "Allow", Action: "route53:GetChange", Resource: "arn:aws:route53:::change/*" },
    { Effect: "Allow", Action: "route53:ListResourceRecordSets", Resource: zoneArn },
    {
      Effect: "Allow",
      Action: "route53:ChangeResourceRecordSets",
      Resource: zoneArn,
      Condition: {
        // True also without the key; every request of this action has it.
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
          "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
        },
      },
    },
  );
}

/**
 * Reading the given SSM parameters, and no others: AmazonSSMManagedInstanceCore, which Session Manager needs, allows to read every parameter of the
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
 * Decrypting one SSM parameter, whichever key it is under: Parameter Store names the parameter to KMS. Its own key, `aws/ssm`, needs no right; another one does.
 * https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
 */
export function decryptionPolicy(region: string, parameterArn: string): PolicyDocument {
  return document({
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: `arn:aws:kms:${region}:*:key/*`,
    Condition: {
      StringEquals: {
        "kms:ViaService": `ssm.${region}.amazonaws.com`,
        "kms:EncryptionContext:PARAMETER_ARN": parameterArn,
      },
    },
  });
}

/**
 * Using a key of KMS for what is in a bucket, and for nothing else. S3 names the bucket to KMS, or the object:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
 *
 * @param use `GenerateDataKey` as well where objects are written: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
 */
export function bucketKeyRights(
  { region, keyArn }: KeyOfRegion,
  bucketArn: string,
  use: "read" | "write",
): PolicyStatement {
  return {
    Effect: "Allow",
    Action: ["kms:Decrypt", ...(use === "write" ? ["kms:GenerateDataKey"] : [])],
    Resource: keyArn,
    Condition: {
      StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucketArn, `${bucketArn}/*`] },
    },
  };
}

/** Decrypting the stack's own parameters. Which of them may be read at all, {@link parametersPolicy} says. @param path of the parameters, with a star at its end */
export function parameterKeyRights({ region, keyArn }: KeyOfRegion, path: string): PolicyStatement {
  return {
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: keyArn,
    Condition: {
      StringEquals: { "kms:ViaService": `ssm.${region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:PARAMETER_ARN": `arn:aws:ssm:${region}:*:parameter${path}` },
    },
  };
}

interface KeyOfRegion {
  /** An AWS region's code. */
  readonly region: string;
  readonly keyArn: string;
}

/** Reading the Pod: see pod.ts. */
export function podPolicy(bucketArn: string): PolicyDocument {
  return document({
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: [`${bucketArn}/pod`, `${bucketArn}/pods/*`],
  });
}

/**
 * What distribution's S3 driver does in its bucket; a URL that it signs carries these rights too.
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

/** The same in a bucket that may be encrypted by a key of the configuration's. */
export function bucketRights(region: string, bucket: string, keyArn: string | undefined): PolicyDocument {
  const rights = bucketPolicy(bucket);
  if (keyArn === undefined) return rights;
  const key = bucketKeyRights({ region, keyArn }, `arn:aws:s3:::${bucket}`, "write");
  return document(...(rights.Statement as PolicyStatement[]), key);
}

/** Of a bucket: nothing in plain text, whoever asks. https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html#transit */
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

/** What the configuration asks of every role that the stack makes. A machine's instance profile has the same path. */
export function roleSettings({
  governance: { iamPath: path, permissionsBoundary } = {},
}: Pick<RegionPlan, "governance">): Pick<RoleArgs, "path" | "permissionsBoundary"> {
  return {
    ...(path !== undefined && { path }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
  };
}
