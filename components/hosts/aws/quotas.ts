import type { Filter } from "@aws-sdk/client-ec2";
import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota.js";
import type * as pulumi from "@pulumi/pulumi";
import { reasonOf } from "../look-up.ts";
import type { Question } from "./account.ts";
import { askEc2, instancesIn } from "./sdk.ts";
import { defaultQuotas, type Quotas } from "./source-rules.ts";

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
const codes = { rulesPerGroup: "L-0EA8095F", groups: "L-2AFB9258" } as const;

export interface FoundQuotas extends Quotas {
  /** Why these are AWS's default quotas, if the account's quotas couldn't be read. */
  readonly reason?: string;
}

/** The account's quotas in a region. Without the right to read them, AWS's defaults. */
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

/** The last of several ways to solve a problem with quotas. */
export function moreQuota({ reason }: FoundQuotas): string {
  const wayOut = "or ask AWS for a higher quota of rules per security group";
  return reason
    ? `${wayOut}. The account's quotas can't be read, so these are AWS's defaults: ${reason}`
    : wayOut;
}

/** "Running On-Demand Standard instances". The vCPUs of all these instances count together: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const quotaCode = "L-1216C47A";
const standard = /^(?:a|c|d|h|i|im|is|m|r|t|z)\d/;

/** Whether instances of this type count in the quota that {@link checkVCpus} checks. */
export function isStandard(type: string): boolean {
  return standard.test(type);
}

interface VCpus {
  readonly vCpus: number;
  /** Who needs them, for a message: `c7g.large needs 2`. */
  readonly who: string;
}

export interface VCpuNeeds {
  /** Number of vCPUs that the region uses now and doesn't need in addition. */
  readonly own: number;
  /** Without these, EC2 refuses what the update creates. */
  readonly required: VCpus;
  /** Without these, EC2 may refuse what comes later, so it is only a warning. @default no more than required */
  readonly wanted?: VCpus;
}

/**
 * Checks that the account's vCPU quota has room for a region's machines. If they need no more vCPUs than the region already uses, nothing is asked. If the quota can't be read, that is only
 * a warning.
 * @param path of the configuration entry that decides on the machines, relative to the region
 */
export async function checkVCpus(
  { region, lookUp, options }: Question,
  path: string,
  findNeeds: () => Promise<VCpuNeeds>,
): Promise<void> {
  try {
    const { own, required, wanted = required } = await findNeeds();
    if (wanted.vCpus <= own) return;
    const { value: quota } = await getServiceQuota({ serviceCode: "ec2", quotaCode }, options);
    // What exceeds the whole quota is refused without counting other machines.
    const others = required.vCpus > quota ? 0 : (await vCpusInUse(region.name)) - own;
    const left = quota - Math.max(0, others);
    const says = ({ vCpus, who }: VCpus) => {
      const wayOut = `aws service-quotas request-service-quota-increase --region ${region.name} --service-code ec2 --quota-code ${quotaCode} --desired-value ${quota + vCpus - left}`;
      return (
        `the account's quota of vCPUs in ${region.name}, of Running On-Demand Standard instances, leaves ${left} of ${quota} to this region, and ${who}: ` +
        `stop other machines, or ask for a larger quota: \`${wayOut}\``
      );
    };
    if (required.vCpus > left) lookUp.refuse(path, says(required));
    else if (wanted.vCpus > left) lookUp.warn(path, says(wanted));
  } catch (error) {
    lookUp.warn(path, `can't check the quota of vCPUs in ${region.name}: ${reasonOf(error as Error)}`);
  }
}

/**
 * Counts the vCPUs of all instances that use the quota. Spot Instances and instances on Dedicated Hosts don't.
 * @param more filters that further restrict the instances
 */
export function vCpusInUse(region: string, more: readonly Filter[] = []): Promise<number> {
  return askEc2(region, async (client) => {
    const states = { Name: "instance-state-name", Values: ["pending", "running"] };
    const counted = (await instancesIn(client, [states, ...more])).filter(
      ({ InstanceType = "", InstanceLifecycle, Placement }) =>
        isStandard(InstanceType) && InstanceLifecycle === undefined && Placement?.Tenancy !== "host",
    );
    let vCpus = 0;
    for (const { CpuOptions: { CoreCount = 0, ThreadsPerCore = 0 } = {} } of counted)
      vCpus += CoreCount * ThreadsPerCore;
    return vCpus;
  });
}
