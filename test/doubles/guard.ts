/** Who refuses what its sender has no right to. */
import type { Thing } from "./thing.ts";
import type { Inputs } from "./values.ts";

/** A request as engine and program send it, before the cloud looks at it. */
export interface Asked {
  readonly kind: "create" | "update" | "delete" | "call";
  /** Of a resource, Pulumi's; of a call, its token, or the operation of the cloud's own API. */
  readonly type: string;
  readonly scope: string;
  readonly inputs: Inputs;
  /** What it is about, if it is there. */
  readonly thing?: Thing | undefined;
  /** Configuration of the provider. */
  readonly provider?: Inputs | undefined;
}

export interface Guard {
  /** Rejects with a CloudError, worded as the cloud words it. */
  demandRight(asked: Asked): Promise<void>;
}
