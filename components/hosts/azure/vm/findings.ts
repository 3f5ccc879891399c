import { getSecret } from "@pulumi/azure-native/keyvault/getSecret.js";
import { getVault } from "@pulumi/azure-native/keyvault/getVault.js";
import { sameIgnoringCase } from "../../../config/text.ts";
import type { HostArgs } from "../../kind.ts";
import { LookUp } from "../../look-up.ts";
import { previousResource } from "../../previous-outputs.ts";
import { fateOf, tellObstacles } from "../../vm/fate.ts";
import { findStorageAccountName } from "../blob-store.ts";
import { findSubnet } from "../found-subnet.ts";
import { checkEncryptionAtHost, checkGovernance } from "../governance.ts";
import { partsOf } from "../naming.ts";
import type { InPlace } from "../place.ts";
import { findResourceGroup, isInAnotherGroup, type Question } from "../question.ts";
import { zonesOf } from "../regions.ts";
import { capabilityOf, findSize, type Sku } from "../sizes.ts";
import { wantedSubnet } from "../subnet.ts";
import { type FoundNetwork, findNetwork } from "../zones.ts";
import { findImage } from "./image.ts";
import { isTrusted, machinesFor, shortcomingOf, trustedLaunchOf } from "./machine-size.ts";
import type { AzureVmPlan } from "./plan.ts";
import { fitsDisk, type Previous, previousOf, wantedMachine } from "./previous.ts";

/** What isn't known without asking Azure and the stack's state. (Other resources have ids that follow from their names.) */
export interface FoundVm extends FoundNetwork {
  readonly previous: Previous;
  /** Name for the storage account, if the configuration needs one. */
  readonly storageAccount?: string | undefined;
  /** Whether Azure supports Trusted Launch for a size that components/capacity doesn't list. */
  readonly hasTrustedLaunch?: boolean | undefined;
  /** The encryption type of the disk encryption set, if the configuration names one. */
  readonly encryptionType?: string | undefined;
}

export type VmArgs = HostArgs<AzureVmPlan, FoundVm>;

export type PlacedVm = VmArgs & InPlace<AzureVmPlan>;

/** Asks Azure whether everything that a region needs exists. */
export async function findVm(question: Question<AzureVmPlan>): Promise<FoundVm> {
  const { region } = question;
  const previous = await previousOf(region.name);
  await checkMoved(question);
  const [network, storageAccount, hasTrustedLaunch, encryptionType] = await Promise.all([
    findNetwork(question, findSubnet(question)),
    region.storage.kind === "bucket" ? findStorageAccountName(question) : undefined,
    findMachine(question, previous),
    checkGovernance(question),
    findResourceGroup(question),
    findCertificate(question),
  ]);
  return { ...network, previous, storageAccount, hasTrustedLaunch, encryptionType };
}

interface PreviousInterface {
  readonly id: string;
  readonly ipConfigurations: readonly { readonly subnet: { readonly id: string } }[];
}

/** Refuses another resource group, because the protected disk would end the update halfway, and another network for the interface, because it can't move: https://learn.microsoft.com/azure/virtual-network/virtual-network-network-interface#change-subnet-assignment */
async function checkMoved({ plan, region, lookUp }: Question<AzureVmPlan>): Promise<void> {
  const { name } = region;
  const type = "azure-native:network:NetworkInterface";
  const previous = await previousResource<PreviousInterface>(type, name);
  if (isInAnotherGroup(plan, previous?.id))
    return lookUp.refuse(
      "resourceGroup",
      "the group of an existing machine, disk and address can't change: write the key as it was or, if you have renamed the stack, rename it back. To move the region, take it down first (docs/upgrading.md#taking-a-region-down)",
    );
  const [was] = previous?.ipConfigurations ?? [];
  if (!was || sameIgnoringCase(networkOf(was.subnet.id), networkOf((await wantedSubnet(region)) ?? "")))
    return;
  // The first resource in the old network. The machine depends on it.
  const balancer = "azure-native:network:LoadBalancer";
  const first = (await previousResource(balancer, name)) ? balancer : type;
  lookUp.refuse(
    "network",
    `Azure doesn't move a network interface to another network. Delete the interface and the machine first, \`pulumi destroy --target '**$${first}::${name}' --target-dependents\`, and then run \`pulumi up\`; or keep the network (docs/private-networks.md#another-network)`,
  );
}

const networkOf = (subnet: string) => subnet.replace(/\/subnets\/[^/]+$/, "");

/**
 * Checks the size, then the image, which depends on the size, and whether a machine can be created from both, with encryption at host if that is required.
 * @returns whether the size has Trusted Launch: see {@link trustedLaunchOf}
 */
async function findMachine(
  question: Question<AzureVmPlan>,
  previous: Previous,
): Promise<boolean | undefined> {
  const { type, architecture } = question.plan.capacity.machine;
  const obstacles = new LookUp();
  const asked = { ...question, lookUp: obstacles };
  const sku = await findMachineSize(asked, previous);
  const hasTrustedLaunch = trustedLaunchOf(type, sku, previous.machine);
  const trusted = isTrusted(type, hasTrustedLaunch);
  const madeFromImage = {
    architecture,
    isTrusted: trusted,
    diskControllers: sku && capabilityOf(sku, "DiskControllerTypes"),
  };
  const [image] = await Promise.all([findImage(asked, madeFromImage), checkEncryptionAtHost(asked)]);
  const { encryptionAtHost = false } = question.plan.governance ?? {};
  const machine = { type, hasTrustedLaunch: trusted, encryptionAtHost, image };
  const wanted = wantedMachine(question.region, previous, machine);
  tellObstacles(question.lookUp, obstacles, fateOf(previous.machine, wanted));
  return hasTrustedLaunch;
}

/** Checks that the machine's size can be used and is available in the disk's zone. @returns Azure's description of the size, if Azure lists it */
async function findMachineSize(
  question: Question<AzureVmPlan>,
  { machine, disk }: Previous,
): Promise<Sku | undefined> {
  const { plan, region } = question;
  const { type, architecture } = plan.capacity.machine;
  return findSize(question, {
    path: "machine.type",
    zonesPath: "availabilityZone",
    writtenZones: ([zone]) => `availabilityZone: "${zone}"`,
    type,
    zones: zonesOf(region),
    newDisk: disk && fitsDisk(region, disk) ? undefined : plan.capacity.disk.type,
    min: 1,
    max: 1,
    // The old machine is deleted before the new one is created.
    surge: 0,
    existing: machine && { ...machine, count: 1 },
    shortcoming: (sku) => shortcomingOf(sku, architecture),
    instead: (isOffered) => machinesFor(plan, architecture, isOffered),
  });
}

/**
 * Checks that the secret exists, without reading it, and that the machine can get a right on it, which works only in a vault with Azure RBAC:
 * https://learn.microsoft.com/azure/key-vault/general/rbac-guide
 */
async function findCertificate({ region, subscription, lookUp, options }: Question): Promise<void> {
  const { tls } = region.endpoint;
  if (tls.mode !== "provided") return;
  const {
    subscription: owner,
    group: resourceGroupName,
    name: vaultName,
    child: secretName = "",
  } = partsOf(tls.secretName);
  if (owner !== subscription) return;
  const path = "endpoint.tls.secretName";
  const secret = getSecret({ resourceGroupName, vaultName, secretName }, options);
  if (!(await lookUp.ask(path, `the secret ${secretName} in ${vaultName}`, secret))) return;
  const vault = getVault({ resourceGroupName, vaultName }, options);
  const found = await lookUp.ask(path, `the vault ${vaultName}`, vault);
  if (!found || found.properties.enableRbacAuthorization === true) return;
  lookUp.refuse(
    path,
    `the vault ${vaultName} has access policies, and the machine is given its right by Azure RBAC: name a secret in a vault with Azure RBAC, or switch this one, which ends its access policies: \`az keyvault update --name ${vaultName} --enable-rbac-authorization true\``,
  );
}
