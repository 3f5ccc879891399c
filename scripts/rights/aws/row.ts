import type { Inputs } from "../resources.ts";

/** What a resource type needs. */
export interface Row {
  readonly actions: readonly string[];
  /** The resource type's name in the service authorization reference, without the service. @default it has none of its own */
  readonly own?: string;
  /** For each resource type of the reference, the first variable parts of its ARN. A missing part, such as an ID that doesn't exist yet, becomes `*`. @default the resource's tags identify it */
  names?(inputs: Inputs, id?: string): Readonly<Record<string, readonly unknown[]>>;
  /** The suffixes that such an ARN can have. @default none */
  readonly endings?: readonly string[];
}

/** Makes a tag for a service's actions: ec2`CreateVpc DeleteVpc` is ["ec2:CreateVpc", "ec2:DeleteVpc"]. */
const of =
  (service: string) =>
  ([names = ""]: TemplateStringsArray) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => `${service}:${name}`);
export const [cloudwatch, ec2, eks, iam] = [of("cloudwatch"), of("ec2"), of("eks"), of("iam")];
export const [logs, route53, s3, ssm] = [of("logs"), of("route53"), of("s3"), of("ssm")];
export const elasticloadbalancing = of("elasticloadbalancing");
