import { actionsOf, type RoleNeeds } from "../boundary.ts";
import {
  bucketPolicy,
  challengePolicy,
  decryptParameters,
  document,
  parametersPolicy,
  podPolicy,
} from "../policies.ts";
import type { AwsVmPlan } from "./plan.ts";

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html */
const sessionManager: RoleNeeds = {
  who: "Session Manager",
  actions: [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
  isOptional: true,
};

/** The actions that a machine needs in its role: see identity.ts. The resources of these policies are placeholders. */
export function machineNeeds({ region, storedSecrets, governance = {} }: AwsVmPlan): RoleNeeds[] {
  const { endpoint, storage } = region;
  const { mode } = endpoint.tls;
  const hasSecrets = Object.keys(storedSecrets).length > 0 || mode === "provided";
  const actions = actionsOf(
    podPolicy("*"),
    ...(hasSecrets ? [parametersPolicy(["*"])] : []),
    ...(mode === "provided" ? [document(decryptParameters(region.name, "*"))] : []),
    ...(storage.kind === "bucket" ? [bucketPolicy("*")] : []),
    ...(mode === "acme" ? [challengePolicy("*", endpoint.hostname)] : []),
  );
  const writes = storage.kind === "bucket";
  const byKey =
    governance.kmsKey === undefined ? [] : ["kms:Decrypt", ...(writes ? ["kms:GenerateDataKey"] : [])];
  return [{ who: "the machine", actions: [...actions, ...byKey] }, sessionManager];
}
