import { warn } from "../../../config/refuse.ts";
import type { HostDriver } from "../../host.ts";
import { surroundingsOf } from "../../kubernetes-cluster/surroundings.ts";
import type { AzureClusterRegion, ClusterFindings } from "./cluster-args.ts";
import { ClusterHost } from "./cluster-host.ts";
import { clusterFindingsFor } from "./findings.ts";
import { clusterPreflight } from "./preflight.ts";

const clusterType = "azure-native:containerservice:ManagedCluster";

export const driver = {
  async preflight(args) {
    const { name } = args.region;
    const surroundings = await surroundingsOf(name, clusterType, "kubernetesVersion");
    const { problems, warnings } = clusterPreflight(args, surroundings);
    warn(warnings, name);
    return [...problems];
  },
  lookUp: clusterFindingsFor,
  createHost(name, args, options, found) {
    if (!found) throw new TypeError(`${name}: not looked up`);
    return new ClusterHost(name, { ...args, found }, options);
  },
} satisfies HostDriver<AzureClusterRegion, ClusterFindings>;
