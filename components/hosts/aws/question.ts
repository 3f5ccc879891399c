import type * as pulumi from "@pulumi/pulumi";
import type { AwsRegion } from "../../config/schema.ts";
import type { LookUp } from "../look-up.ts";

/** A region in which the static checks have found nothing, and who asks AWS about it. */
export interface Question<R extends AwsRegion = AwsRegion> {
  readonly region: R;
  readonly accountId: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}
