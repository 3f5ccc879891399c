import * as pulumi from "@pulumi/pulumi";
import { type CapacityPlan, planCapacity } from "../../capacity/plan.ts";
import { type Problem, suggestion } from "../../config/problems.ts";
import { shrinkingProblems } from "../vm/previous-disks.ts";
import { UserDataTooLarge } from "../vm/user-data.ts";
import { namesOf } from "./naming.ts";
import { regionNames } from "./regions.ts";
import { credentialsParameters } from "./secrets.ts";
import { awsUserData } from "./user-data.ts";
import type { AwsVmRegion, VmPlanArgs } from "./vm-args.ts";

/**
 * What is wrong with a region, found without asking AWS.
 * @param previousDiskGiB the size that the region's data disk has, if there is one: see previousDisks().
 * @returns problems whose path is relative to the region.
 */
export function preflight(args: VmPlanArgs, previousDiskGiB?: number): Problem[] {
  const { region, upstreams, workload } = args;
  const { plan, problems } = planCapacity({ cloud: "aws", region, workload, upstreams: upstreams.length });
  return [
    ...nameProblems(region),
    ...storageProblems(region),
    ...problems,
    ...(plan
      ? [...shrinkingProblems(plan.disk.sizeGiB, previousDiskGiB), ...userDataProblems(args, plan)]
      : []),
  ];
}

function nameProblems({ name }: AwsVmRegion): Problem[] {
  if (regionNames.includes(name)) return [];
  const near = suggestion(name, regionNames);
  const hint = near ? `did you mean "${near}"?` : "`aws ec2 describe-regions` names them";
  return [{ path: "name", message: `"${name}" is not a region of the public AWS cloud: ${hint}` }];
}

function storageProblems({ storage }: AwsVmRegion): Problem[] {
  if (storage.kind === "disk") return [];
  const message =
    "`bucket` comes with `topology: cluster`: a machine has its cache on its disk, `{ kind: disk }`";
  return [{ path: "storage.kind", message }];
}

function userDataProblems(args: VmPlanArgs, plan: CapacityPlan): Problem[] {
  const { region, upstreams } = args;
  try {
    awsUserData({
      ...args,
      architecture: plan.machine.architecture,
      diskGiB: plan.disk.sizeGiB,
      // As long as the real ones, which compress about as well.
      volumeId: "vol-0a1b2c3d4e5f60718",
      hostedZoneId: "Z0A1B2C3D4E5F6G7H8I9J",
      storedCredentials: credentialsParameters(
        upstreams,
        namesOf({ stack: pulumi.getStack(), region: region.name }),
      ),
    });
    return [];
  } catch (error) {
    if (!(error instanceof UserDataTooLarge)) throw error;
    return [{ path: "topology", message: error.message }];
  }
}
