import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import type { LookUp } from "../look-up.ts";

/** A region in which the static checks have found nothing, and who asks Azure about it. */
export interface Question<R extends AzureRegion = AzureRegion> {
  readonly region: R;
  /** The provider's functions see no other. */
  readonly subscription: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}
