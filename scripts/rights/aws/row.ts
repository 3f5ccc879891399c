import type { Inputs } from "../resources.ts";

/** What a type of resource needs. */
export interface Row {
  readonly actions: readonly string[];
  /** Of the reference: what the type is there, without its service. @default it has no resource type of its own */
  readonly own?: string;
  /** For each resource type of the reference, the first parts of its ARN's end. What isn't given is `*`, like an ID that isn't there yet. @default it is told by its tags */
  names?(inputs: Inputs, id?: string): Readonly<Record<string, readonly unknown[]>>;
  /** What may follow such an ARN. @default nothing */
  readonly endings?: readonly string[];
}

const of =
  (service: string) =>
  (...names: string[]) =>
    names.map((name) => `${service}:${name}`);
export const [cloudwatch, ec2, eks, iam] = [of("cloudwatch"), of("ec2"), of("eks"), of("iam")];
export const [logs, route53, s3, ssm] = [of("logs"), of("route53"), of("s3"), of("ssm")];
