import type { AwsRegion } from "../../config/schema.ts";
import type { HostDriver } from "../host.ts";
import { previousDisks } from "../vm/previous-disks.ts";
import { type Findings, findingsFor } from "./findings.ts";
import { preflight } from "./preflight.ts";
import { awsProvider } from "./provider.ts";
import type { AwsVmRegion } from "./vm-args.ts";
import { VmHost } from "./vm-host.ts";

/** Of all regions, so asked for once. */
let disks: ReturnType<typeof previousDisks> | undefined;

export const driver: HostDriver<AwsRegion, Findings> = {
  async preflight({ region, ...shared }) {
    if (!isVm(region)) {
      return [{ path: "topology", message: "`cluster` can't be brought up by this version yet: use `vm`" }];
    }
    disks ??= previousDisks("aws:ebs/volume:Volume", "size");
    return preflight({ region, ...shared }, (await disks).get(region.name));
  },
  createProvider: ({ name }) => awsProvider(name),
  lookUp({ region, ...shared }, provider) {
    if (!isVm(region)) throw new TypeError(`${region.name}: not a machine`);
    return findingsFor({ region, ...shared }, provider);
  },
  createHost(name, { region, ...shared }, options, found) {
    if (!isVm(region) || !found) throw new TypeError(`${name}: not a machine, or not looked up`);
    return new VmHost(name, { region, ...shared, found }, options);
  },
};

function isVm(region: AwsRegion): region is AwsVmRegion {
  return region.topology === "vm";
}
