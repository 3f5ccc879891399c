import type { KubernetesRegion } from "../../config/schema.ts";
import type { HostDriver } from "../host.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { findingsInCluster } from "./findings.ts";
import { preflight } from "./preflight.ts";
import { kubernetesProvider } from "./provider.ts";
import { type ClusterFindings, workloadPlan } from "./region.ts";
import { Workload } from "./workload.ts";

export const driver: HostDriver<KubernetesRegion, ClusterFindings> = {
  preflight: async ({ region }) => preflight(region),
  createProvider: kubernetesProvider,
  async lookUp(args) {
    const namespaces = await previousOutputs("kubernetes:core/v1:Namespace", "metadata");
    const previous = namespaces.get(args.region.name) as { readonly uid?: string } | undefined;
    return findingsInCluster(args, previous?.uid);
  },
  createHost(name, args, options, found) {
    if (!found) throw new TypeError(`${name}: not looked up`);
    const { storage } = args.region;
    const key = "s3" in storage ? storage.s3.credentials : undefined;
    const storeCredentials = key === undefined ? undefined : args.credentials[key];
    return new Workload(name, { ...args, ...workloadPlan(args, found), storeCredentials }, options);
  },
};
