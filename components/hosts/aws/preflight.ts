import * as pulumi from "@pulumi/pulumi";
import { type CapacityPlan, planCapacity } from "../../capacity/plan.ts";
import type { Problem } from "../../config/problems.ts";
import { shrinkingProblems } from "../vm/previous-disks.ts";
import { storedSecrets } from "../vm/secrets.ts";
import { UserDataTooLarge } from "../vm/user-data.ts";
import { namesOf } from "./naming.ts";
import { podOptions } from "./pod.ts";
import { parametersPolicy } from "./policies.ts";
import { nameProblems } from "./regions.ts";
import { awsUserData } from "./user-data.ts";
import type { VmPlanArgs } from "./vm-args.ts";

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
    ...problems,
    ...(problems.length === 0
      ? [...shrinkingProblems(region, plan.disk.sizeGiB, previousDiskGiB), ...sizeProblems(args, plan)]
      : []),
  ];
}

/** Of all policies that stand in a role, in characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const policiesLimit = 10_240;
/** For the other policies of the role. */
const otherPolicies = 1536;

/** What grows with the number of upstreams: the user data, and the rights of the machine. */
function sizeProblems(args: VmPlanArgs, plan: CapacityPlan): Problem[] {
  const { region } = args;
  const names = namesOf({ stack: pulumi.getStack(), region: region.name });
  const secrets = storedSecrets(args, names.parameter);
  const arns = Object.values(secrets).map(
    (parameter) => `arn:aws:ssm:${region.name}:123456789012:parameter${parameter}`,
  );
  const rights = JSON.stringify(parametersPolicy(arns)).length + otherPolicies;
  if (rights > policiesLimit) {
    const message = `the machine's rights on ${arns.length} secrets take ${rights} characters, and a role takes ${policiesLimit}: use fewer upstreams with credentials`;
    return [{ path: "topology", message }];
  }
  try {
    awsUserData({
      ...podOptions({ ...args, diskGiB: plan.disk.sizeGiB, storedSecrets: secrets }),
      architecture: plan.machine.architecture,
      // As long as the real ones, which compress about as well.
      volumeId: "vol-0a1b2c3d4e5f60718",
      storedPod: {
        name: `s3://${names.bucketPrefix}20261124184005123400000001/pod.yaml`,
        digest: "0123456789abcdef".repeat(4),
      },
    });
    return [];
  } catch (error) {
    if (!(error instanceof UserDataTooLarge)) throw error;
    return [{ path: "topology", message: error.message }];
  }
}
