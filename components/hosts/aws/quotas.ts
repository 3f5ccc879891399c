import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota.js";
import type * as pulumi from "@pulumi/pulumi";
import { machineNamed } from "../../capacity/machines.ts";
import { reasonOf } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Question } from "./account.ts";
import { askEc2, instancesIn } from "./sdk.ts";
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

const path = "machine.type";

/** "Running On-Demand Standard instances", whose vCPUs count together: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const quotaCode = "L-1216C47A";
const standard = /^(?:a|c|d|h|i|im|is|m|r|t|z)\d/;

/**
 * That the account's quota has room for the machine: EC2 refuses it only when the old one is deleted, or stopped. A machine that has as many vCPUs as the one before takes
 * that one's place, and nothing is asked. A quota that can't be read is told, and refuses nothing.
 */
export async function checkVCpus({ region, lookUp, options }: Question, type: string): Promise<void> {
  if (!standard.test(type)) return;
  try {
    const machines = await previousOutputs<{ instanceType: string }>("aws:ec2/instance:Instance");
    const previous = machines.get(region.name)?.instanceType;
    const [needed, own] = await Promise.all([
      vCpusOf(type, options),
      previous !== undefined && standard.test(previous) ? vCpusOf(previous, options) : 0,
    ]);
    if (needed <= own) return;
    const { value: quota } = await getServiceQuota({ serviceCode: "ec2", quotaCode }, options);
    // More than the quota is too much, whatever else runs.
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

/** Of all machines of the account that count: neither Spot Instances nor those on Dedicated Hosts. */
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
