import type { AwsRegion } from "../../config/schema.ts";
import type { HostDriver } from "../host.ts";
import { topologyProblems } from "../topology.ts";
import { previousDisks } from "../vm/previous-disks.ts";
import { disabledProblems } from "./account.ts";
import type { ClusterFindings } from "./cluster/findings.ts";
import { type Findings, findingsFor } from "./findings.ts";
import { preflight } from "./preflight.ts";
import { awsProvider } from "./provider.ts";
import type { AwsVmRegion } from "./vm-args.ts";
import { VmHost } from "./vm-host.ts";

const hosts = { vm: "registry-cache:aws:VmHost", cluster: "registry-cache:aws:ClusterHost" } as const;

/** Loaded with the first region that has a cluster: it brings the SDK of Kubernetes with it. */
let clusters: typeof import("./cluster/driver.ts").driver | undefined;

async function loadClusters() {
  clusters ??= (await import("./cluster/driver.ts")).driver;
  return clusters;
}

export const driver: HostDriver<AwsRegion, Findings | ClusterFindings> = {
  async preflight({ region, ...shared }) {
    const disks = await previousDisks("aws:ebs/volume:Volume", "size");
    return [
      ...(await topologyProblems(region, hosts)),
      ...(await disabledProblems(region)),
      ...(isVm(region)
        ? preflight({ region, ...shared }, disks.get(region.name))
        : await (await loadClusters()).preflight({ region, ...shared })),
    ];
  },
  createProvider: ({ name }) => awsProvider(name),
  async lookUp({ region, ...shared }, provider) {
    if (isVm(region)) return findingsFor({ region, ...shared }, provider);
    return (await loadClusters()).lookUp({ region, ...shared }, provider);
  },
  createHost(name, { region, ...shared }, options, found) {
    if (!found) throw new TypeError(`${name}: not looked up`);
    if (isVm(region) && "image" in found) return new VmHost(name, { region, ...shared, found }, options);
    if (isVm(region) || "image" in found || !clusters) throw new TypeError(`${name}: found is another's`);
    return clusters.createHost(name, { region, ...shared }, options, found);
  },
};

function isVm(region: AwsRegion): region is AwsVmRegion {
  return region.topology === "vm";
}
