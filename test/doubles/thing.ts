import type { Inputs } from "./values.ts";

/** Something that is in the account. */
export interface Thing {
  readonly id: string;
  /** Pulumi's, like `aws:ec2/instance:Instance`. */
  readonly type: string;
  /** Pulumi's, of the resource that made it; what was there before has none. */
  readonly name?: string;
  /** What is in another scope isn't found: see {@link CloudDefinition.scopeOf}. */
  readonly scope: string;
  readonly inputs: Inputs;
  readonly outputs: Inputs;
}
