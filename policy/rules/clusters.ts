import { type Demands, rule, unmet } from "../rule.ts";
import { textsAt, valueAt, valuesAt } from "../values.ts";
import { isEveryone } from "./open-ports.ts";

/** If no address ranges are set, EKS and AKS accept API requests from everywhere. */
const isLimited = (path: string) => (it: unknown) => {
  const ranges = textsAt(it, path);
  return ranges.length > 0 && !ranges.some(isEveryone);
};

const demands: Demands = {
  "aws:eks/cluster:Cluster": {
    "has an API that everyone reaches: name `apiAccess`": (it) =>
      valueAt("vpcConfig.endpointPublicAccess", it) === false ||
      isLimited("vpcConfig.publicAccessCidrs[*]")(it),
    "audits nothing: add `audit` to `enabledClusterLogTypes`": (it) =>
      valuesAt("enabledClusterLogTypes[*]", it).includes("audit"),
  },
  "azure-native:containerservice:ManagedCluster": {
    "has an API that everyone reaches: name `apiAccess`": isLimited(
      "apiServerAccessProfile.authorizedIPRanges[*]",
    ),
    "runs commands past the API's ranges: set `disableRunCommand`": (it) =>
      valueAt("apiServerAccessProfile.disableRunCommand", it) === true,
    "enforces no network policies": (it) => valueAt("networkProfile.networkPolicy", it) !== undefined,
    "gives its nodes public addresses": (it) =>
      valuesAt("agentPoolProfiles[*].enableNodePublicIP", it).every((one) => one === false),
  },
};

export const closedClusters = rule({
  name: "closed-clusters",
  level: "mandatory",
  what: "The API of a cluster is open to named address ranges only, its use in EKS is audited, and AKS enforces network policies and gives nodes no public addresses.",
  why: "Anyone who reaches the API needs only a stolen token to do all that the cluster may do.",
  each: (resource) => unmet(demands, resource),
});
