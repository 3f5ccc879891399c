import type { PolicyDocument } from "@pulumi/aws/iam/documents.js";
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type { Bucket } from "@pulumi/aws/s3/bucket.js";
import type { Parameter } from "@pulumi/aws/ssm/parameter.js";
import * as pulumi from "@pulumi/pulumi";
import {
  bucketPolicy,
  challengePolicy,
  decryptObjects,
  decryptParameters,
  document,
  encryptObjects,
  machineTrust,
  parametersPolicy,
  podPolicy,
  roleSettings,
} from "../policies.ts";
import type { VmArgs } from "./findings.ts";
import type { AwsVmPlan } from "./plan.ts";

/** The machine's identity in AWS. */
export interface Identity {
  readonly instanceProfile: pulumi.Output<string>;
  /** The machine's rights. They should exist when it starts. */
  readonly rights: readonly pulumi.Resource[];
}

/** What the machine can do with keys: read its Pod and its secrets, and read and write the objects in its bucket. */
function keyPolicy(
  { region: { name: region }, names }: AwsVmPlan,
  { keyArn, podBucket, bucket }: { keyArn: string; podBucket: string; bucket: string | undefined },
): PolicyDocument {
  const store = `arn:aws:s3:::${bucket}`;
  return document(
    decryptObjects(region, podBucket),
    decryptParameters(region, `arn:aws:ssm:${region}:*:parameter${names.parameter("*")}`),
    ...(bucket === undefined ? [] : [decryptObjects(region, store), encryptObjects(region, store, keyArn)]),
  );
}

/** The machine's role. It allows Session Manager instead of SSH, access to the machine's own secrets, and the DNS-01 challenge for its own name. */
export function createIdentity(
  { plan, found: { certificateArn, bucket, challengeZone, kmsKeyArn } }: VmArgs,
  secrets: readonly Parameter[],
  podBucket: Bucket,
  options: pulumi.CustomResourceOptions,
): Identity {
  const { region, names } = plan;
  const { name } = region;
  const settings = roleSettings(plan);
  const role = new Role(
    name,
    {
      name: names.role,
      description: `Registry cache in ${name}`,
      assumeRolePolicy: JSON.stringify(machineTrust),
      ...settings,
      tags: names.tags(),
    },
    options,
  );
  const allow = (part: string, policy: pulumi.Input<PolicyDocument>, policyName = part) =>
    new RolePolicy(
      `${name}-${part}`,
      { name: policyName, role: role.name, policy: pulumi.jsonStringify(policy) },
      options,
    );
  const { hostname } = region.endpoint;
  const certificates = certificateArn === undefined ? [] : [certificateArn];
  const parameters = [...secrets.map(({ arn }) => arn), ...certificates];
  const rights: pulumi.Resource[] = [
    new RolePolicyAttachment(
      name,
      { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
      options,
    ),
    allow("parameters", pulumi.all(parameters).apply(parametersPolicy)),
    allow("pod", podBucket.arn.apply(podPolicy)),
    // Needed only for the provided certificate, which the stack doesn't store itself.
    ...certificates.map((arn) => allow("certificate", document(decryptParameters(name, arn)))),
    ...(bucket === undefined ? [] : [allow("store", bucketPolicy(bucket))]),
    ...(kmsKeyArn === undefined
      ? []
      : [
          allow(
            "key",
            podBucket.arn.apply((arn) => keyPolicy(plan, { keyArn: kmsKeyArn, podBucket: arn, bucket })),
          ),
        ]),
    ...(challengeZone
      ? [allow("challenge", challengePolicy(challengeZone.arn, hostname), "acme-challenge")]
      : []),
  ];
  const { path } = settings;
  const profile = new InstanceProfile(
    name,
    { name: names.instanceProfile, ...(path !== undefined && { path }), role: role.name, tags: names.tags() },
    options,
  );
  return { instanceProfile: profile.name, rights };
}
