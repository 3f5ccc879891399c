import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "./naming.ts";
import {
  bucketPolicy,
  challengePolicy,
  decryptionPolicy,
  machineTrust,
  objectPolicy,
  parametersPolicy,
} from "./policies.ts";

export interface IdentityArgs {
  readonly names: Names;
  /** An AWS region's code. */
  readonly region: string;
  /** ARNs of the SSM parameters that the machine reads. */
  readonly parameters: readonly pulumi.Input<string>[];
  /** ARN of the one among them with the provided certificate, which isn't the stack's. @default there is none */
  readonly certificate?: string | undefined;
  /** ARN of the object with the Pod. */
  readonly pod: pulumi.Input<string>;
  /** Name of the bucket with the blobs. @default there is none */
  readonly bucket?: string | undefined;
  /** The name that the machine proves by itself, and the ARN of the zone for it. @default it proves none */
  readonly challenge?: { readonly hostname: string; readonly zoneArn: string };
}

/** Who the machine is in AWS. */
export interface Identity {
  readonly instanceProfile: pulumi.Output<string>;
  /** The machine's rights, which it should have when it starts. */
  readonly rights: readonly pulumi.Resource[];
}

/** The machine's role: Session Manager in the place of SSH, its own secrets, and the proof of its own name. */
export function createIdentity(
  name: string,
  { names, region, parameters, certificate, pod, bucket, challenge }: IdentityArgs,
  options: pulumi.CustomResourceOptions,
): Identity {
  const role = new Role(
    name,
    {
      name: names.role,
      description: `Registry cache in ${region}`,
      assumeRolePolicy: JSON.stringify(machineTrust),
      tags: names.tags(),
    },
    options,
  );
  const rights: pulumi.Resource[] = [
    new RolePolicyAttachment(
      name,
      { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
      options,
    ),
    new RolePolicy(
      `${name}-parameters`,
      {
        name: "parameters",
        role: role.name,
        policy: pulumi.all([...parameters]).apply((arns) => JSON.stringify(parametersPolicy(arns))),
      },
      options,
    ),
    new RolePolicy(
      `${name}-pod`,
      {
        name: "pod",
        role: role.name,
        policy: pulumi.output(pod).apply((arn) => JSON.stringify(objectPolicy(arn))),
      },
      options,
    ),
  ];
  if (certificate !== undefined) {
    const policy = JSON.stringify(decryptionPolicy(region, certificate));
    rights.push(
      new RolePolicy(`${name}-certificate`, { name: "certificate", role: role.name, policy }, options),
    );
  }
  if (bucket !== undefined) {
    const policy = JSON.stringify(bucketPolicy(bucket));
    rights.push(new RolePolicy(`${name}-store`, { name: "store", role: role.name, policy }, options));
  }
  if (challenge) {
    const policy = JSON.stringify(challengePolicy(challenge.zoneArn, challenge.hostname));
    rights.push(
      new RolePolicy(`${name}-challenge`, { name: "acme-challenge", role: role.name, policy }, options),
    );
  }
  const profile = new InstanceProfile(
    name,
    { name: names.instanceProfile, role: role.name, tags: names.tags() },
    options,
  );
  return { instanceProfile: profile.name, rights };
}
