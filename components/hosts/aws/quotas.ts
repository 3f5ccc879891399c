import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota.js";
import type * as pulumi from "@pulumi/pulumi";
import { reasonOf } from "../look-up.ts";
import { defaultQuotas, type Quotas } from "./source-rules.ts";

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
const codes = { rulesPerGroup: "L-0EA8095F", groups: "L-2AFB9258" } as const;

export interface FoundQuotas extends Quotas {
  /** Why these are AWS's defaults, where AWS doesn't tell those of the account. */
  readonly reason?: string;
}

/** What the account may have in a region. Without the right to ask, AWS's defaults. */
export async function findQuotas(options: pulumi.InvokeOptions): Promise<FoundQuotas> {
  const ask = async (quotaCode: string) =>
    (await getServiceQuota({ serviceCode: "vpc", quotaCode }, options)).value;
  try {
    const [rulesPerGroup, groups] = await Promise.all([ask(codes.rulesPerGroup), ask(codes.groups)]);
    return { rulesPerGroup, groups };
  } catch (error) {
    return { ...defaultQuotas, reason: reasonOf(error as Error) };
  }
}

/** The way out, at the end of a list of others. */
export function moreQuota({ reason }: FoundQuotas): string {
  const wayOut = "or ask AWS for a higher quota of rules per security group";
  return reason
    ? `${wayOut}. The account's quotas can't be read, so these are AWS's defaults: ${reason}`
    : wayOut;
}
