import type { KindDefinition } from "../../kind.ts";
import { previousResource, topologyProblems } from "../../previous-outputs.ts";
import { shrinkingProblems } from "../../vm/plan.ts";
import { azureProvider } from "../place.ts";
import { lookUpIn } from "../question.ts";
import { type FoundVm, findVm } from "./findings.ts";
import type { AzureVmPlan } from "./plan.ts";
import { VmHost } from "./vm-host.ts";

/** A region with a virtual machine in Azure. */
export const azureVm: KindDefinition<AzureVmPlan, FoundVm> = {
  async preflight(plan) {
    const { region } = plan;
    const disk = await previousResource<{ diskSizeGB: number }>("azure-native:compute:Disk", region.name);
    const problems = [
      ...(await topologyProblems(region, "registry-cache:azure:ClusterHost")),
      ...shrinkingProblems(plan, disk?.diskSizeGB),
    ];
    return { problems, warnings: [] };
  },
  createProvider: ({ region }, options) => azureProvider(region, options),
  lookUp: (plan, options) => lookUpIn(plan, options, findVm),
  create: (name, args, options) => new VmHost(name, args, options),
};
