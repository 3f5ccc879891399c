import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota.js";
import type * as pulumi from "@pulumi/pulumi";
import { machineNamed } from "../../capacity/machines.ts";
import { reasonOf } from "../look-up.ts";
import { previousResource } from "../previous-outputs.ts";
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

const path = "machine.type";

/** "Running On-Demand Standard instances". The vCPUs of all these instances count together: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const quotaCode = "L-1216C47A";
const standard = /^(?:a|c|d|h|i|im|is|m|r|t|z)\d/;

/**
 * Checks that the account's vCPU quota has room for the machine. Otherwise, EC2 refuses it after the old machine was deleted or stopped. If the new machine has no more vCPUs than the
 * old one, nothing is asked. If the quota can't be read, that is only a warning.
 */
export async function checkVCpus({ region, lookUp, options }: Question, type: string): Promise<void> {
  if (!standard.test(type)) return;
  try {
    const machine = await previousResource<{ instanceType: string }>(
      "aws:ec2/instance:Instance",
      region.name,
    );
    const previous = machine?.instanceType;
    const [needed, own] = await Promise.all([
      vCpusOf(type, options),
      previous !== undefined && standard.test(previous) ? vCpusOf(previous, options) : 0,
    ]);
    if (needed <= own) return;
    const { value: quota } = await getServiceQuota({ serviceCode: "ec2", quotaCode }, options);
    // A type that exceeds the whole quota is refused without counting other machines.
    const others = needed > quota ? 0 : (await vCpusInUse(region.name)) - own;
    const left = quota - Math.max(0, others);
    if (needed <= left) return;
    const wayOut = `aws service-quotas request-service-quota-increase --region ${region.name} --service-code ec2 --quota-code ${quotaCode} --desired-value ${quota + needed - left}`;
    const message =
      `the account's quota of vCPUs in ${region.name}, of Running On-Demand Standard instances, leaves ${left} of ${quota} to this region, and ${type} needs ${needed}: ` +
      `stop other machines, or ask for a larger quota: \`${wayOut}\``;
    lookUp.refuse(path, message);
  } catch (error) {
    lookUp.warn(path, `can't check the quota of vCPUs in ${region.name}: ${reasonOf(error as Error)}`);
  }
}

async function vCpusOf(type: string, options: pulumi.InvokeOptions): Promise<number> {
  const known = machineNamed("aws", type);
  return known ? known.vCpu : (await getInstanceType({ instanceType: type }, options)).defaultVcpus;
}

/** Counts the vCPUs of all instances that use the quota. Spot Instances and instances on Dedicated Hosts don't. */
function vCpusInUse(region: string): Promise<number> {
  return askEc2(region, async (client) => {
    const states = { Name: "instance-state-name", Values: ["pending", "running"] };
    const counted = (await instancesIn(client, [states])).filter(
      ({ InstanceType = "", InstanceLifecycle, Placement }) =>
        standard.test(InstanceType) && InstanceLifecycle === undefined && Placement?.Tenancy !== "host",
    );
    let vCpus = 0;
    for (const { CpuOptions: { CoreCount = 0, ThreadsPerCore = 0 } = {} } of counted)
      vCpus += CoreCount * ThreadsPerCore;
    return vCpus;
  });
}
