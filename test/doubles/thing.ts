import type { Inputs } from "./values.ts";

/** A resource in the account. */
export interface Thing {
  readonly id: string;
  /** Pulumi's type, like `aws:ec2/instance:Instance`. */
  readonly type: string;
  /** Pulumi's name of the resource; undefined for what the account had before. */
  readonly name?: string;
  /** Resources in other scopes aren't found: see {@link CloudDefinition.scopeOf}. */
  readonly scope: string;
  readonly inputs: Inputs;
  readonly outputs: Inputs;
}
