import type * as pulumi from "@pulumi/pulumi";
import type { LookUp } from "../look-up.ts";
import type { AwsVmRegion } from "./vm-args.ts";

/** A region in which the static checks have found nothing, and who asks AWS about it. */
export interface Question {
  readonly region: AwsVmRegion;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}
