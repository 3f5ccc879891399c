/** Node pools and node classes in a cluster of EKS Auto Mode, in addition to EKS's own. */
import { list } from "../../../policy/iam.ts";
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { demandVolumeKey } from "./kms.ts";
import { statementsOf } from "./policy.ts";

const poolLabel = "karpenter.sh/nodepool";

/** https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html */
const restricted =
  /^(?:kubernetes\.io\/cluster\/.*|karpenter\.sh\/(?:provisioner-name|nodepool|nodeclaim|managed-by)|eks\.amazonaws\.com\/nodeclass)$/;

export function keepObject(cloud: Cloud, cluster: Thing, object: Inputs): void {
  const [kind, name] = [text("kind", object), text("metadata.name", object)];
  if (kind === "NodeClass") checkNodeClass(cloud, cluster, object);
  if (kind === "NodePool") checkNodePool(cloud, cluster, object);
  cloud.keep({ id: name, type: kind, scope: cluster.id, inputs: object, outputs: {} });
}

export function forgetObject(cloud: Cloud, cluster: string, object: Inputs): void {
  const found = cloud.find(text("kind", object), text("metadata.name", object), cluster);
  if (found) cloud.remove(found);
}

function checkNodeClass(cloud: Cloud, { scope, inputs, outputs }: Thing, object: Inputs): void {
  const invalid = (condition: unknown, message: string) => demand(condition, "Invalid", message);
  invalid(text("metadata.name", object) !== "default", "default is EKS's own");
  const role = text("spec.role", object);
  // EKS has created an access entry only for this role.
  const known = text("computeConfig.nodeRoleArn", inputs).split("/").at(-1);
  invalid(role === known, `spec.role: ${role} has no access entry`);
  const subnets = valuesAt("spec.subnetSelectorTerms[*].id", object).map(String);
  const areThere = subnets.every((id) => cloud.find("aws:ec2/subnet:Subnet", id, scope));
  invalid(areThere && subnets.length > 0, `spec.subnetSelectorTerms: ${subnets}`);
  const groups = valuesAt("spec.securityGroupSelectorTerms[*].id", object);
  const own = valueAt("vpcConfig.clusterSecurityGroupId", outputs);
  invalid(groups.length === 1 && groups[0] === own, `spec.securityGroupSelectorTerms: ${groups}`);
  const tags = Object.keys((valueAt("spec.tags", object) ?? {}) as Inputs);
  invalid(!tags.some((tag) => restricted.test(tag)), `spec.tags: ${tags}`);
}

function checkNodePool(cloud: Cloud, { id }: Thing, object: Inputs): void {
  const reference = (valueAt("spec.template.spec.nodeClassRef", object) ?? {}) as Inputs;
  const { group, kind, name } = reference;
  const found = cloud.find("NodeClass", String(name), id);
  demand(found && group === "eks.amazonaws.com" && kind === "NodeClass", "NodeClassNotFound", `${name}`);
}

/** The properties that all nodes of a pool share. */
export interface Pool {
  readonly name: string;
  readonly tags: Inputs;
}

/**
 * The pool in which Pods start.
 * @param selector of the Pods
 * @returns undefined for one of EKS's own pools
 */
export function poolFor(
  cloud: Cloud,
  cluster: Thing,
  selector: Readonly<Record<string, string>> = {},
): Pool | undefined {
  const name = selector[poolLabel];
  if (name === undefined) return undefined;
  const pool = cloud.find("NodePool", name, cluster.id)?.inputs ?? {};
  const nodeClass = text("spec.template.spec.nodeClassRef.name", pool);
  const found = cloud.find("NodeClass", nodeClass, cluster.id)?.inputs;
  demand(found, "FailedScheduling", `no nodepool matched: ${name}`);
  const requirements = valuesAt("spec.template.spec.requirements[*]", pool) as Inputs[];
  const architectures = requirements.find(({ key }) => key === "kubernetes.io/arch")?.values;
  const wanted = selector["kubernetes.io/arch"] ?? "amd64";
  const fits = list(architectures as string[] | undefined).includes(wanted);
  demand(fits, "FailedScheduling", `nodepool ${name} has no ${wanted}`);
  const role = text("roleArn", cluster.inputs).split("/").at(-1) ?? "";
  demandVolumeKey({ cloud, scope: cluster.scope }, role, text("spec.ephemeralStorage.kmsKeyID", found));
  const tags = (valueAt("spec.tags", found) ?? {}) as Inputs;
  demandTagging(cloud, cluster, tags, ["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"]);
  return { name, tags };
}

/**
 * Refuses tags for which the cluster's role lacks rights. The policies that EKS recommends for Auto Mode allow only EKS's own tags:
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html#tag-prop
 */
export function demandTagging(
  cloud: Cloud,
  { inputs }: Thing,
  tags: Inputs,
  actions: readonly string[],
): void {
  if (Object.keys(tags).length === 0) return;
  const role = text("roleArn", inputs).split("/").at(-1) ?? "";
  const allowed = cloud
    .things("aws:iam/rolePolicy:RolePolicy")
    .filter((it) => it.inputs.role === cloud.find("aws:iam/role:Role", role, everywhere)?.id)
    .flatMap((it) => statementsOf(text("policy", it.inputs)))
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => list(Action));
  const missing = actions.filter((action) => !allowed.includes(action));
  demand(missing.length === 0, "UnauthorizedOperation", `${role} may not tag in ${missing}`);
}
