/** The images of machines: Debian's, and those in galleries. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, valueAt, valuesAt } from "../values.ts";
import { subscriptionId, types } from "./account.ts";

/** A record that tests add to an account. */
const withdrawn = "withdrawn image";

/** Withdraws a version of Debian's image, as its publisher can. */
export function withdraw(cloud: Cloud, version: string): Thing {
  return cloud.keep({ type: withdrawn, id: version, scope: everywhere, inputs: {}, outputs: {} });
}

/** What Azure says about a version of Debian's image, if a test has changed it. */
const described = "described image";

/** Changes what Azure says about a version of Debian's image. */
export function describeDebian(cloud: Cloud, version: string, change: Inputs): void {
  cloud.keep({ type: described, id: version, scope: everywhere, inputs: change, outputs: {} });
}

/** The properties of Debian's image that a machine must fit: https://learn.microsoft.com/javascript/api/@azure/arm-compute/virtualmachineimageproperties */
export function debianImage(cloud: Cloud, sku: string, version: string): Inputs {
  return {
    architecture: sku === "13-arm64" ? "Arm64" : "x64",
    hyperVGeneration: "V2",
    features: [
      { name: "SecurityType", value: "TrustedLaunchSupported" },
      { name: "DiskControllerTypes", value: "SCSI, NVMe" },
    ],
    ...cloud.find(described, version, everywhere)?.inputs,
  };
}

export function isDebian(cloud: Cloud, version: string): boolean {
  return /^0\.\d{8}\.\d{1,5}$/.test(version) && !cloud.find(withdrawn, version, everywhere);
}

/** Regions to which a gallery image is being replicated: https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get#aggregatedreplicationstate */
const replicating = "replicating image";

/** Starts the replication to a region, which takes a while, or fails. */
export function replicate(cloud: Cloud, id: string, location: string, state = "Replicating"): void {
  const thing = { type: replicating, id: `${id} ${location}`, scope: everywhere };
  cloud.keep({ ...thing, inputs: { state }, outputs: {} });
}

/** Changes the image definition of a gallery image. */
export function redefine(cloud: Cloud, id: string, change: Inputs): void {
  const found = definitionOf(cloud, id);
  if (found) cloud.keep({ ...found, inputs: { ...found.inputs, ...change } });
}

export function definitionOf(cloud: Cloud, id: string): Thing | undefined {
  return cloud.find(types.image, id.replace(/\/versions\/[^/]+$/, ""), everywhere);
}

function regionsOf(cloud: Cloud, id: string): string[] {
  const inputs = cloud.find(types.imageVersion, id, everywhere)?.inputs;
  return valuesAt("publishingProfile.targetRegions[*].name", inputs).map(String);
}

/** Whether a gallery image can be used in a region: https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery#replication */
export function isReplicated(cloud: Cloud, id: string, location: string): boolean {
  return regionsOf(cloud, id).some(
    (region) =>
      region.replaceAll(" ", "").toLowerCase() === location &&
      !cloud.find(replicating, `${id} ${region}`, everywhere),
  );
}

/**
 * Refuses a machine that doesn't fit its image:
 * https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions
 * @param image the properties of Debian's image, or those of an image definition
 * @param capabilities of the machine's size
 */
export function demandDefinition(
  { osState = "Generalized", hyperVGeneration, features, ...definition }: Inputs,
  inputs: Inputs,
  capabilities: Readonly<Record<string, string>>,
): void {
  demand(osState === "Generalized", "InvalidParameter", "Parameter 'osProfile' is not allowed.");
  const generation = `cannot boot Hypervisor Generation '${hyperVGeneration}'`;
  demand(hyperVGeneration === "V2", "BadRequest", `The selected VM size ${generation}.`);
  const fits = definition.architecture === (capabilities.CpuArchitectureType ?? "x64");
  demand(fits, "BadRequest", `The VM size cannot boot with an image of '${definition.architecture}'.`);
  const feature = (wanted: string) =>
    ((features ?? []) as Inputs[]).find(({ name }) => name === wanted)?.value;
  // https://github.com/skypilot-org/skypilot/issues/10375
  const controllers = String(feature("DiskControllerTypes") ?? "SCSI").split(/, */);
  demand(
    (capabilities.DiskControllerTypes ?? "SCSI").split(/, */).some((it) => controllers.includes(it)),
    "InvalidParameter",
    `The VM size '${valueAt("hardwareProfile.vmSize", inputs)}' cannot boot with OS image or disk. Please check that disk controller types supported by the OS image or disk is one of the supported disk controller types for the VM size.`,
  );
  const supported = String(feature("SecurityType") ?? "Standard");
  const wanted = String(valueAt("securityProfile.securityType", inputs) ?? "Standard");
  const isSupported =
    {
      TrustedLaunchSupported: true,
      TrustedLaunchAndConfidentialVmSupported: true,
    }[supported] ?? wanted === supported;
  const message = `The provided gallery image only supports creation of VMs and VM Scale Sets with '${supported}' security type.`;
  demand(isSupported, "BadRequest", message);
}

/** Azure Resource Manager's answer for an image. @returns undefined for the path of another resource @throws CloudError if there is no such image */
export function imageAt(cloud: Cloud, path: string, expand: string | null): object | undefined {
  if (path.includes("/Microsoft.Compute/galleries/")) {
    const isVersion = path.includes("/versions/");
    const found = cloud.find(isVersion ? types.imageVersion : types.image, path, everywhere);
    demand(found, "ResourceNotFound", `The Resource '${path}' was not found.`);
    const { id, inputs } = found;
    if (!isVersion) return { id, properties: inputs };
    const summary = regionsOf(cloud, path).map((region) => ({
      region,
      state: cloud.find(replicating, `${path} ${region}`, everywhere)?.inputs.state ?? "Completed",
    }));
    const { publishingProfile } = inputs;
    const status = expand === "ReplicationStatus" && { replicationStatus: { summary } };
    return { id, properties: { provisioningState: "Succeeded", publishingProfile, ...status } };
  }
  // https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get
  const [, subscription, sku = "", version = ""] =
    /^\/subscriptions\/([^/]+)\/providers\/Microsoft\.Compute\/locations\/\w+\/publishers\/Debian\/artifacttypes\/vmimage\/offers\/debian-13\/skus\/([^/]+)\/versions\/([^/]+)$/.exec(
      path,
    ) ?? [];
  if (subscription !== subscriptionId) return undefined;
  const isThere = ["13-arm64", "13-gen2"].includes(sku) && isDebian(cloud, version);
  demand(isThere, "NotFound", "Artifact: VMImage was not found.");
  const imageDeprecationStatus = { imageState: "Active" };
  return { name: version, properties: { imageDeprecationStatus, ...debianImage(cloud, sku, version) } };
}
