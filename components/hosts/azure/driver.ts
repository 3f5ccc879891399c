import type { AzureRegion } from "../../config/schema.ts";
import type { HostDriver } from "../host.ts";
import { previousDisks } from "../vm/previous-disks.ts";
import { findingsFor } from "./findings.ts";
import { preflight } from "./preflight.ts";
import { azureProvider } from "./provider.ts";
import type { AzureVmRegion } from "./vm-args.ts";
import { VmHost } from "./vm-host.ts";

/** Of all regions, so asked for once. */
let disks: ReturnType<typeof previousDisks> | undefined;

export const driver: HostDriver<AzureRegion, never> = {
  async preflight({ region, ...shared }) {
    if (!isVm(region)) {
      return [{ path: "topology", message: "`cluster` can't be brought up by this version yet: use `vm`" }];
    }
    disks ??= previousDisks("azure-native:compute:Disk", "diskSizeGB");
    return preflight({ region, ...shared }, (await disks).get(region.name));
  },
  createProvider: (region) => azureProvider(region),
  lookUp({ region }, provider) {
    if (!isVm(region)) throw new TypeError(`${region.name}: not a machine`);
    return findingsFor(region, provider);
  },
  createHost(name, { region, ...shared }, options) {
    if (!isVm(region)) throw new TypeError(`${name}: not a machine`);
    return new VmHost(name, { region, ...shared }, options);
  },
};

function isVm(region: AzureRegion): region is AzureVmRegion {
  return region.topology === "vm";
}
