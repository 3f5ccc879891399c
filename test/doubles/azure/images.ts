/** What machines are made from: Debian's images, and those in galleries. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { valuesAt } from "../values.ts";
import { subscriptionId, types } from "./account.ts";

/** A kind of thing that tests put into an account. */
const withdrawn = "withdrawn image";

/** Takes a version of Debian's image away, as publishers do. */
export function withdraw(cloud: Cloud, version: string): Thing {
  return cloud.keep({ type: withdrawn, id: version, scope: everywhere, inputs: {}, outputs: {} });
}

export function isDebian(cloud: Cloud, version: string): boolean {
  return /^0\.\d{8}\.\d{1,5}$/.test(version) && !cloud.find(withdrawn, version, everywhere);
}

/** Whether an image in a gallery can be used in a region: https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery#replication */
export function isReplicated(cloud: Cloud, id: string, location: string): boolean {
  const regions = valuesAt(
    "publishingProfile.targetRegions[*].name",
    cloud.find(types.imageVersion, id, everywhere)?.inputs,
  );
  return regions.some((region) => String(region).replaceAll(" ", "").toLowerCase() === location);
}

/** What Azure Resource Manager answers of an image. @returns undefined for the path of something else @throws CloudError where there is none */
export function imageAt(cloud: Cloud, path: string): object | undefined {
  if (path.includes("/Microsoft.Compute/galleries/")) {
    const found = cloud.find(types.imageVersion, path, everywhere);
    demand(found, "ResourceNotFound", `The Resource '${path}' was not found.`);
    const { publishingProfile } = found.inputs;
    return { id: found.id, properties: { provisioningState: "Succeeded", publishingProfile } };
  }
  // https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get
  const [, subscription, sku = "", version = ""] =
    /^\/subscriptions\/([^/]+)\/providers\/Microsoft\.Compute\/locations\/\w+\/publishers\/Debian\/artifacttypes\/vmimage\/offers\/debian-13\/skus\/([^/]+)\/versions\/([^/]+)$/.exec(
      path,
    ) ?? [];
  if (subscription !== subscriptionId) return undefined;
  const isThere = ["13-arm64", "13-gen2"].includes(sku) && isDebian(cloud, version);
  demand(isThere, "NotFound", "Artifact: VMImage was not found.");
  return { name: version, properties: { imageDeprecationStatus: { imageState: "Active" } } };
}
