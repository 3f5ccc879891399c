/** Checks the rights of a request's sender. */
import type { Thing } from "./thing.ts";
import type { Inputs } from "./values.ts";

/** A request of engine or program, before the cloud handles it. */
export interface Asked {
  readonly kind: "create" | "update" | "delete" | "call";
  /** Pulumi's type of the resource; for a call its token, or the operation of the cloud's own API. */
  readonly type: string;
  readonly scope: string;
  readonly inputs: Inputs;
  /** The resource of the request, if it exists. */
  readonly thing?: Thing | undefined;
  /** The provider's configuration. */
  readonly provider?: Inputs | undefined;
}

export interface Guard {
  /** Rejects with a CloudError in the cloud's words if the sender lacks a right. */
  demandRight(asked: Asked): Promise<void>;
}
