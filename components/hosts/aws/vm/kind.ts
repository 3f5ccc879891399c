import type { KindDefinition } from "../../kind.ts";
import { previousResource, topologyProblems } from "../../previous-outputs.ts";
import { shrinkingProblems } from "../../vm/plan.ts";
import { accountProblems, lookUpIn } from "../account.ts";
import { awsProvider } from "../provider.ts";
import { type FoundVm, findVm } from "./findings.ts";
import type { AwsVmPlan } from "./plan.ts";
import { VmHost } from "./vm-host.ts";

/** A region with an EC2 instance. */
export const awsVm: KindDefinition<AwsVmPlan, FoundVm> = {
  async preflight(plan) {
    const { region } = plan;
    const disk = await previousResource<{ size: number }>("aws:ebs/volume:Volume", region.name);
    const problems = [
      ...(await topologyProblems(region, "registry-cache:aws:ClusterHost")),
      ...(await accountProblems(plan, region.name)),
      ...shrinkingProblems(plan, disk?.size),
    ];
    return { problems, warnings: [] };
  },
  createProvider: awsProvider,
  lookUp: (plan, options) => lookUpIn(plan, options, findVm),
  create: (name, args, options) => new VmHost(name, args, options),
};
