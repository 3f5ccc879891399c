import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { warn } from "../../../config/refuse.ts";
import type { HostDriver } from "../../host.ts";
import { surroundingsOf } from "../../kubernetes-cluster/surroundings.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import type { AwsClusterRegion } from "./cluster-args.ts";
import { ClusterHost } from "./cluster-host.ts";
import { type ClusterFindings, clusterFindingsFor } from "./findings.ts";
import { preflight } from "./preflight.ts";

const clusterType = "aws:eks/cluster:Cluster";

export const driver = {
  async preflight(args) {
    const { name } = args.region;
    const { problems, warnings } = preflight(args, {
      ...(await surroundingsOf(name, clusterType, "version")),
      previousVpc: await previousVpc(name),
      hasCli: isOnPath("aws"),
    });
    warn(warnings, name);
    return [...problems];
  },
  async lookUp(args, provider) {
    const made = await previousOutputs(clusterType, "name");
    return clusterFindingsFor(args, provider, made.has(args.region.name));
  },
  createHost(name, args, options, found) {
    if (!found) throw new TypeError(`${name}: not looked up`);
    return new ClusterHost(name, { ...args, found }, options);
  },
} satisfies HostDriver<AwsClusterRegion, ClusterFindings>;

/** See preflight(). */
async function previousVpc(region: string): Promise<string | undefined> {
  const config = (await previousOutputs(clusterType, "vpcConfig")).get(region);
  if (config === undefined) return undefined;
  const isOwn = (await previousOutputs("aws:ec2/vpc:Vpc", "arn")).has(region);
  return isOwn ? "create" : (config as { readonly vpcId: string }).vpcId;
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
