import type { Problem } from "../../config/problems.ts";
import type { AwsVmRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest } from "../kind.ts";
import { tooLargeProblems } from "../vm/packed.ts";
import { planVm, type VmPlan } from "../vm/plan.ts";
import { type StoredSecrets, storedSecrets } from "../vm/secrets.ts";
import { type Names, namesOf } from "./naming.ts";
import { podOptions } from "./pod-options.ts";
import { parametersPolicy } from "./policies.ts";
import { nameProblems } from "./regions.ts";
import { awsUserData } from "./user-data.ts";

/** A region that is an EC2 instance. */
export interface AwsVmPlan extends VmPlan<AwsVmRegion> {
  readonly names: Names;
  /** Names of SSM parameters. */
  readonly storedSecrets: StoredSecrets<string>;
}

export function planAwsVm(request: PlanRequest<AwsVmRegion>): Planned<AwsVmPlan> {
  const { region, stack } = request;
  const { plan: planned, problems } = planVm(request);
  const names = namesOf({ stack, region: region.name });
  const plan = { ...planned, names, storedSecrets: storedSecrets(planned, names.parameter) };
  return {
    plan,
    problems: [...nameProblems(region), ...problems, ...(problems.length === 0 ? sizeProblems(plan) : [])],
    warnings: [],
  };
}

/** Of all policies that stand in a role, in characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const policiesLimit = 10_240;
/** For the other policies of the role. */
const otherPolicies = 1536;

/** What grows with the number of upstreams: the user data, and the rights of the machine. */
function sizeProblems(plan: AwsVmPlan): Problem[] {
  const { region, names, capacity } = plan;
  const arns = Object.values(plan.storedSecrets).map(
    (parameter) => `arn:aws:ssm:${region.name}:123456789012:parameter${parameter}`,
  );
  const rights = JSON.stringify(parametersPolicy(arns)).length + otherPolicies;
  if (rights > policiesLimit) {
    const message = `the machine's rights on ${arns.length} secrets take ${rights} characters, and a role takes ${policiesLimit}: use fewer upstreams with credentials`;
    return [{ path: "topology", message }];
  }
  return tooLargeProblems(() =>
    awsUserData({
      ...podOptions({ ...plan, diskGiB: capacity.disk.sizeGiB }),
      architecture: capacity.machine.architecture,
      // As long as the real ones, which compress about as well.
      volumeId: "vol-0a1b2c3d4e5f60718",
      storedPod: {
        name: `s3://${names.bucketPrefix}20261124184005123400000001/pod.yaml`,
        digest: "0123456789abcdef".repeat(4),
      },
    }),
  );
}
