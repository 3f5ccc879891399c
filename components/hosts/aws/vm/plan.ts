import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AwsVmRegion } from "../../../config/schema.ts";
import type { Planned, PlanRequest } from "../../kind.ts";
import { regionNameProblems } from "../../region-name.ts";
import { planVm, type VmPlan } from "../../vm/plan.ts";
import { type StoredSecrets, storedSecrets } from "../../vm/secrets.ts";
import { type Names, namesOf } from "../naming.ts";
import { parametersPolicy } from "../policies.ts";
import { awsRegions } from "../regions.ts";

/** A region with an EC2 instance. */
export interface AwsVmPlan extends VmPlan<AwsVmRegion> {
  readonly names: Names;
  /** Names of the SSM parameters. */
  readonly storedSecrets: StoredSecrets<string>;
}

export function planAwsVm(request: PlanRequest<AwsVmRegion>): Planned<AwsVmPlan> {
  const { region, stack } = request;
  const { plan: planned, problems, warnings } = planVm(request);
  const names = namesOf({ stack, region: region.name });
  const plan = { ...planned, names, storedSecrets: storedSecrets(planned, names.parameter) };
  return {
    plan,
    problems: [...regionNameProblems(region, awsRegions), ...problems, ...rightsProblems(plan)],
    warnings,
  };
}

/** Maximum total size of a role's inline policies, in characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const policiesLimit = 10_240;
/** Characters for the other policies of the role. */
const otherPolicies = 1536;
/** Characters for the policy of a configured key. */
const keyPolicy = 1536;

/** Checks the size of the machine's policies, which grows with the number of upstreams. */
function rightsProblems({ region, storedSecrets, governance = {} }: AwsVmPlan): Problem[] {
  const arns = Object.values(storedSecrets).map(
    (parameter) => `arn:aws:ssm:${region.name}:123456789012:parameter${parameter}`,
  );
  const rights =
    JSON.stringify(parametersPolicy(arns)).length +
    otherPolicies +
    (governance.kmsKey === undefined ? 0 : keyPolicy);
  const message = `the machine's rights on ${arns.length} secrets take ${rights} characters, and a role takes ${policiesLimit}: use fewer upstreams with credentials`;
  return problemIf(rights > policiesLimit, "topology", message);
}
