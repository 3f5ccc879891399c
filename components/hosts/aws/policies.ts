import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";

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

/** Reading one object of S3. */
export function objectPolicy(arn: string): PolicyDocument {
  return document({ Effect: "Allow", Action: "s3:GetObject", Resource: arn });
}

const readParameters = ["ssm:GetParameter", "ssm:GetParameters"];

function document(...statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}
