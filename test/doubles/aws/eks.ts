import { list } from "../../../policy/iam.ts";
import { contains, isRange } from "../checks.ts";
import { type Cloud, everywhere, type Request, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { zoneIdOf } from "./account.ts";
import { accountId } from "./existing.ts";
import { allowedTo, demandKey } from "./kms.ts";
import { createClusterGroup, deleteWithCluster } from "./nodes.ts";
import { allows, statementsOf } from "./policy.ts";

export const clusterType = "aws:eks/cluster:Cluster";
const logGroup = "aws:cloudwatch/logGroup:LogGroup";
/** The log group that EKS creates by its own role when it writes a deleted cluster's last logs. https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763 */
const lateLogs = "late logs";
const accessEntry = "aws:eks/accessEntry:AccessEntry";
const subnet = "aws:ec2/subnet:Subnet";
const role = "aws:iam/role:Role";

/** A load balancer from a cluster's controller, which only the controller knows. */
export const loadBalancerType = "load balancer";

/** https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets */
export const zonesWithoutClusters = ["use1-az3", "usw1-az2", "cac1-az3"];

const versions = ["1.34", "1.35", "1.36"];
const minorOf = (version: string) => Number(version.split(".")[1]);

/** The policies of the roles in Auto Mode: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html */
const clusterPolicies = ["Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking"].map(
  (part) => `AmazonEKS${part}Policy`,
);
const nodePolicies = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];
export const managedPolicies = [...clusterPolicies, ...nodePolicies];

const roleOf = { id: (arn: string) => arn.split("/").at(-1) ?? "", to: role };

export const eks: Readonly<Record<string, Rules>> = {
  [clusterType]: {
    replacing: [
      "name",
      "roleArn",
      "bootstrapSelfManagedAddons",
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
      "kubernetesNetworkConfig.ipFamily",
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    computed: ["vpcConfig.clusterSecurityGroupId"],
    references: [
      { at: "roleArn", ...roleOf },
      { at: "computeConfig.nodeRoleArn", ...roleOf },
      { at: "vpcConfig.subnetIds[*]", to: subnet },
    ],
    /** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html */
    check(inputs) {
      const invalid = (condition: unknown, message: string) =>
        demand(condition, "InvalidParameterException", message);
      invalid(/^[0-9A-Za-z][\w-]{0,99}$/.test(text("name", inputs)), `cluster name ${inputs.name}`);
      invalid(versions.includes(text("version", inputs)), `unsupported Kubernetes version ${inputs.version}`);
      const parts = [
        "computeConfig",
        "kubernetesNetworkConfig.elasticLoadBalancing",
        "storageConfig.blockStorage",
      ];
      const enabled = parts.map((part) => valueAt(`${part}.enabled`, inputs) === true);
      invalid(new Set(enabled).size === 1, "Auto Mode is enabled as a whole or not at all");
      invalid(
        !enabled[0] || inputs.bootstrapSelfManagedAddons === false,
        "For EKS Auto Mode, please ensure that all required configs are disabled: bootstrapSelfManagedAddons",
      );
      const pools = valuesAt("computeConfig.nodePools[*]", inputs).map(String);
      invalid(
        pools.every((pool) => ["system", "general-purpose"].includes(pool)),
        `node pools ${pools}`,
      );
      const mode = text("accessConfig.authenticationMode", inputs);
      invalid(["API", "API_AND_CONFIG_MAP"].includes(mode), `Auto Mode doesn't go with ${mode}`);
      const ranges = valuesAt("vpcConfig.publicAccessCidrs[*]", inputs).map(String);
      const fits = ranges.length <= 40 && ranges.every((range) => isRange(range, "ipv4"));
      invalid(fits, `The following CIDRs are invalid in publicAccessCidrs: ${ranges}`);
      const notAllowed = ranges.filter((range) => !isPublic(range));
      invalid(
        notAllowed.length === 0,
        `The following CIDRs are not allowed in publicAccessCidrs: ${notAllowed}`,
      );
      // By default, only public access is enabled.
      const isReachable =
        valueAt("vpcConfig.endpointPublicAccess", inputs) !== false ||
        valueAt("vpcConfig.endpointPrivateAccess", inputs) === true;
      invalid(isReachable, "Private and public endpoint access cannot be false");
    },
    admit(request) {
      demandTrust(request, "roleArn", "eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]);
      demandTrust(request, "computeConfig.nodeRoleArn", "ec2.amazonaws.com", ["sts:AssumeRole"]);
      demandPolicies(request, "roleArn", clusterPolicies);
      demandPolicies(request, "computeConfig.nodeRoleArn", nodePolicies);
      demandSubnets(request);
      demandSecretsKey(request);
    },
    create(request) {
      const { cloud, scope, inputs } = request;
      const name = text("name", inputs);
      const [vpcId] = networksOf(request);
      const group = `/aws/eks/${name}/cluster`;
      if (!cloud.find(logGroup, group, scope)) {
        cloud.keep({ id: group, type: logGroup, scope, inputs: { name: group }, outputs: {} });
      }
      const digits = cloud.digits(32).toUpperCase();
      return {
        id: name,
        outputs: {
          arn: `arn:aws:eks:${scope}:${accountId}:cluster/${name}`,
          endpoint: `https://${digits}.gr7.${scope}.eks.amazonaws.com`,
          certificateAuthority: { data: Buffer.from(`CA of ${digits}`).toString("base64") },
          vpcConfig: {
            ...(inputs.vpcConfig as Inputs),
            vpcId,
            clusterSecurityGroupId: createClusterGroup(request, name, vpcId),
          },
          status: "ACTIVE",
        },
      };
    },
    update(request, before) {
      const { inputs } = request;
      // A key can be associated once, and never changed: https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateEncryptionConfig.html
      const [key, had] = [inputs, before.inputs].map((it) => text("encryptionConfig.provider.keyArn", it));
      demand(had === "" || key === had, "InvalidRequestException", "Encryption is already enabled");
      demandSecretsKey(request);
      const [wanted, has] = [inputs, before.inputs].map((it) => text("version", it)) as [string, string];
      const step = minorOf(wanted) - minorOf(has);
      demand(
        step === 0 || step === 1,
        "InvalidParameterException",
        `Unsupported Kubernetes minor version update from ${has} to ${wanted}`,
      );
      const isThere = networksOf(request).every((it) => it === valueAt("vpcConfig.vpcId", before.outputs));
      demand(
        isThere,
        "InvalidParameterException",
        "Provided subnets belong to a VPC other than the cluster's",
      );
    },
    delete(thing, cloud) {
      const { id } = thing;
      // Nothing would delete the load balancer any more.
      const left = cloud.things(loadBalancerType).find(({ inputs }) => inputs.cluster === id);
      demand(!left, "OrphanedLoadBalancer", `${left?.id} would be left without its cluster`);
      deleteWithCluster(thing, cloud);
      // The instance profile of its nodes remains for a while: https://github.com/aws/containers-roadmap/issues/2531
      const name = `eks-${thing.scope}-${id}-0123456789`;
      const inputs = { name, role: roleOf.id(text("computeConfig.nodeRoleArn", thing.inputs)) };
      const profile = { id: name, type: "aws:iam/instanceProfile:InstanceProfile", inputs, outputs: {} };
      cloud.keep({ ...profile, scope: everywhere });
      const group = { id: `/aws/eks/${id}/cluster`, type: lateLogs, scope: thing.scope };
      cloud.keep({ ...group, inputs: {}, outputs: {} });
    },
  },

  /** https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html */
  [accessEntry]: {
    replacing: ["clusterName", "principalArn", "type"],
    references: [{ at: "clusterName", to: clusterType, onDelete: "delete" }],
    admit({ cloud, inputs }) {
      const arn = text("principalArn", inputs);
      const isThere = cloud.find(role, roleOf.id(arn), everywhere);
      demand(isThere, "InvalidParameterException", `The specified principalArn is invalid: ${arn}`);
    },
    create: ({ inputs }) => ({ id: `${inputs.clusterName}:${inputs.principalArn}` }),
  },

  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    replacing: ["clusterName", "principalArn", "policyArn"],
    references: [
      {
        at: "principalArn",
        to: accessEntry,
        id: (arn, { inputs }) => `${inputs.clusterName}:${arn}`,
        onDelete: "delete",
      },
    ],
    check(inputs) {
      const policy = text("policyArn", inputs);
      const known =
        /^arn:aws:eks::aws:cluster-access-policy\/AmazonEKS(?:View|Edit|Admin|ClusterAdmin)Policy$/;
      demand(known.test(policy), "InvalidParameterException", `policy ${policy}`);
      const isNamespaced = text("accessScope.type", inputs) === "namespace";
      const namespaces = valuesAt("accessScope.namespaces[*]", inputs);
      demand(
        isNamespaced === namespaces.length > 0,
        "InvalidParameterException",
        "namespaces and their scope",
      );
    },
    create: ({ inputs }) => ({ id: `${inputs.clusterName}#${inputs.principalArn}#${inputs.policyArn}` }),
  },

  "aws:eks/addon:Addon": {
    replacing: ["clusterName", "addonName"],
    references: [{ at: "clusterName", to: clusterType, onDelete: "delete" }],
    check(inputs) {
      const name = text("addonName", inputs);
      demand(
        name === "metrics-server",
        "InvalidParameterException",
        `Addon ${name} specified is not supported`,
      );
      const values = text("configurationValues", inputs) || "{}";
      demand(
        isJson(values),
        "InvalidParameterException",
        `ConfigurationValue provided is not valid: ${values}`,
      );
    },
    create: ({ inputs }) => ({ id: `${inputs.clusterName}:${inputs.addonName}` }),
  },

  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    replacing: ["clusterName", "namespace", "serviceAccount"],
    references: [
      { at: "clusterName", to: clusterType, onDelete: "delete" },
      { at: "roleArn", ...roleOf },
    ],
    admit: (request) =>
      demandTrust(request, "roleArn", "pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]),
    importId: ({ inputs, outputs }) => `${inputs.clusterName},${outputs.associationId}`,
    create: ({ inputs, cloud }) => ({
      id: [inputs.clusterName, inputs.namespace, inputs.serviceAccount].join("/"),
      outputs: { associationId: `a-${cloud.digits(17)}` },
    }),
  },

  [logGroup]: {
    replacing: ["name", "namePrefix"],
    /** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
    check(inputs) {
      const name = text("name", inputs);
      demand(/^[\w./#-]{1,512}$/.test(name), "InvalidParameterException", `log group ${name}`);
      const days = Number(inputs.retentionInDays ?? 0);
      const known = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096];
      demand(known.includes(days), "InvalidParameterException", `retentionInDays ${days}`);
    },
    create: ({ inputs }) => ({ id: text("name", inputs) }),
    deleted({ type, id, scope }, cloud) {
      const late = cloud.find(lateLogs, id, scope);
      if (!late) return;
      cloud.remove(late);
      cloud.keep({ id, type, scope, inputs: { name: id }, outputs: {} });
    },
  },

  [loadBalancerType]: {
    references: [{ at: "subnets[*]", to: subnet }],
    create: ({ cloud }) => ({ id: `k8s-${cloud.digits(12)}` }),
  },
};

/** Ranges of RFC 1918, 6598 and 6890 that EKS refuses. It also refuses those for documentation, but tests and examples use them as public ones. */
const notPublic = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  ...["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/3"],
];

function isPublic(range: string): boolean {
  return !notPublic.some((it) => contains(it, range));
}

/** The VPCs of a cluster's subnets, each once. */
function networksOf({ cloud, scope, inputs }: Pick<Request, "cloud" | "scope" | "inputs">): unknown[] {
  const ids = valuesAt("vpcConfig.subnetIds[*]", inputs).map(String);
  return [...new Set(ids.map((id) => cloud.find(subnet, id, scope)?.inputs.vpcId))];
}

/** https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html. Nodes that can't reach the internet don't join. */
function demandSubnets({ cloud, scope, inputs }: Request): void {
  const ids = valuesAt("vpcConfig.subnetIds[*]", inputs).map(String);
  const found = ids.map((id) => cloud.find(subnet, id, scope));
  const invalid = (condition: unknown, message: string) =>
    demand(condition, "InvalidParameterException", message);
  const zones = new Set(found.map((it) => text("availabilityZone", it?.inputs ?? {})));
  invalid(zones.size >= 2, "Subnets specified must be in at least two different AZs");
  invalid(networksOf({ cloud, scope, inputs }).length === 1, "Subnets must belong to the same VPC");
  const refused = [...zones].find((zone) => zonesWithoutClusters.includes(zoneIdOf(zone, scope)));
  demand(
    refused === undefined,
    "UnsupportedAvailabilityZoneException",
    `${refused} does not currently have sufficient capacity`,
  );
  for (const it of found) {
    if (it?.name === undefined) continue;
    const table = cloud
      .things("aws:ec2/routeTableAssociation:RouteTableAssociation")
      .find(({ inputs }) => inputs.subnetId === it.id)?.inputs.routeTableId;
    const leaves = cloud
      .things("aws:ec2/route:Route")
      .some(({ inputs }) => inputs.routeTableId === table && inputs.natGatewayId !== undefined);
    invalid(leaves, `NodeCreationFailure: nodes in ${it.id} have no way to the internet`);
  }
}

/** The rights of the role that uses the key: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html */
function demandSecretsKey(request: Request): void {
  const key = text("encryptionConfig.provider.keyArn", request.inputs);
  if (key === "") return;
  demandKey(request, key);
  const rights = allowedTo(request.cloud, roleOf.id(text("roleArn", request.inputs)));
  const missing = ["Encrypt", "Decrypt", "DescribeKey"].filter(
    (action) => !rights.some((it) => allows(it, `kms:${action}`, key)),
  );
  demand(missing.length === 0, "InvalidParameterException", `the cluster's role may not kms:${missing}`);
}

function demandTrust(request: Request, path: string, service: string, actions: readonly string[]): void {
  const arn = text(path, request.inputs);
  const found = request.cloud.find(role, roleOf.id(arn), everywhere);
  const statements = statementsOf(text("assumeRolePolicy", found?.inputs ?? {}));
  const trusted = statements.some(
    ({ Principal, Action, Condition }) =>
      (Principal as Record<string, unknown> | undefined)?.Service === service &&
      actions.every((action) => list(Action).includes(action)) &&
      [undefined, accountId].includes(Condition?.StringEquals?.["aws:SourceAccount"] as string | undefined),
  );
  demand(trusted, "InvalidParameterException", `Trust relationship of ${arn} doesn't let in ${service}`);
}

function demandPolicies(
  { cloud, inputs }: Pick<Request, "cloud" | "inputs">,
  path: string,
  names: readonly string[],
) {
  const attached = attachedTo(cloud, roleOf.id(text(path, inputs)));
  const missing = names.filter((name) => !attached.includes(name));
  demand(missing.length === 0, "InvalidRequestException", `${path} lacks ${missing}`);
}

function attachedTo(cloud: Cloud, name: string): string[] {
  return cloud
    .things("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    .filter(({ inputs }) => inputs.role === name)
    .map(({ inputs }) => text("policyArn", inputs).split("/").at(-1) ?? "");
}

function isJson(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}
