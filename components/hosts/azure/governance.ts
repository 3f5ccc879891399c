/** Requirements of the subscription's owners: their own keys for disks and storage accounts, and logs. */
import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import * as pulumi from "@pulumi/pulumi";
import { ofRegion } from "../../config/per-region.ts";
import type { Governance } from "../../config/schema.ts";
import { sameIgnoringCase } from "../../config/text.ts";
import type { RegionPlan } from "../kind.ts";
import { reasonOf } from "../look-up.ts";
import { previousResource } from "../previous-outputs.ts";
import { getFromArm } from "./arm.ts";
import type { Question } from "./question.ts";

/** Resource Manager's answer about a disk encryption set. */
interface EncryptionSet {
  readonly location: string;
  readonly properties?: { readonly encryptionType?: string };
}

/**
 * Checks that the disk encryption set, the identity for the storage account and the workspace exist, and that existing resources can use the keys.
 * @returns the encryption type of the set, which its disks must have
 */
export async function checkGovernance(question: Question): Promise<string | undefined> {
  const { plan, region, lookUp, options } = question;
  const { storageKey, diskEncryptionSet, diagnostics } = plan.governance ?? {};
  const set = ofRegion(diskEncryptionSet, region.name);
  const key = region.storage.kind === "disk" ? undefined : storageKey;
  const find = async (path: string, id: string | undefined, version: string) =>
    id === undefined
      ? undefined
      : lookUp.ask(path, id, getFromArm<EncryptionSet>(`${id}?api-version=${version}`, options));
  const [found] = await Promise.all([
    find(setPath, set, "2024-03-02"),
    find("governance.storageKey.identity", key?.identity, "2023-01-31"),
    find("governance.diagnostics", diagnostics, "2023-09-01"),
    checkPrevious(question, set),
    checkPreviousKey(question, key),
  ]);
  // https://learn.microsoft.com/azure/virtual-machines/disk-encryption#restrictions
  if (found && found.location !== region.name)
    lookUp.refuse(setPath, `${set} is in ${found.location}, and the disks are in ${region.name}`);
  return found?.properties?.encryptionType;
}

const setPath = "governance.diskEncryptionSet";

/** https://learn.microsoft.com/rest/api/resources/features/get */
interface Feature {
  readonly properties?: { readonly state?: string };
}

/** Checks the feature without which Azure creates no machine with encryption at host: https://github.com/hashicorp/terraform-provider-azurerm/issues/17185 */
export async function checkEncryptionAtHost(question: Question): Promise<void> {
  const { plan, subscription, lookUp, options } = question;
  if (!plan.governance?.encryptionAtHost) return;
  const path = "governance.encryptionAtHost";
  const id = `/subscriptions/${subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost`;
  try {
    const { properties } = await getFromArm<Feature>(`${id}?api-version=2021-07-01`, options);
    if (properties?.state === "Registered") return;
    lookUp.refuse(
      path,
      `the state of the feature EncryptionAtHost in the subscription is ${properties?.state}: run \`az feature register --subscription ${subscription} --namespace Microsoft.Compute --name EncryptionAtHost\`, and wait until the state is Registered, which takes a few minutes`,
    );
  } catch (error) {
    lookUp.warn(
      path,
      `Azure doesn't say whether the subscription has the feature EncryptionAtHost: ${reasonOf(error as Error)}`,
    );
  }
}

/** Outputs of a data disk or of a cluster. */
interface Encrypted {
  readonly encryption?: { readonly diskEncryptionSetId?: string };
  readonly diskEncryptionSetID?: string;
}

/** Azure can't change the key of a running machine's disk or of a cluster's nodes. */
async function checkPrevious({ region, lookUp }: Question, wanted: string | undefined): Promise<void> {
  const isMachine = region.topology === "vm";
  const type = isMachine ? "azure-native:compute:Disk" : "azure-native:containerservice:ManagedCluster";
  const previous = await previousResource<Encrypted>(type, region.name);
  if (!previous) return;
  const has = previous.encryption?.diskEncryptionSetId ?? previous.diskEncryptionSetID;
  if (has?.toLowerCase() === wanted?.toLowerCase()) return;
  const what = isMachine ? "data disk" : "cluster";
  const wayOut = isMachine ? "change it by hand" : "destroy the region and create it again";
  lookUp.refuse(
    setPath,
    `the ${what} of ${region.name} has ${has ?? "none"}, and an update can't change that: keep it, or ${wayOut} (docs/governance.md)`,
  );
}

interface Account {
  readonly encryption?: {
    readonly keyVaultProperties?: { readonly keyVaultUri?: string; readonly keyName?: string };
    readonly encryptionIdentity?: { readonly encryptionUserAssignedIdentity?: string };
  };
}

/** Azure can change the key or the identity, but not both in one update. */
async function checkPreviousKey(
  { region, lookUp }: Question,
  wanted: Governance["storageKey"],
): Promise<void> {
  const account = await previousResource<Account>("azure-native:storage:StorageAccount", region.name);
  const { keyVaultProperties: key, encryptionIdentity } = account?.encryption ?? {};
  const identity = encryptionIdentity?.encryptionUserAssignedIdentity;
  if (!wanted || !key?.keyVaultUri || identity === undefined || sameIgnoringCase(identity, wanted.identity))
    return;
  if (sameIgnoringCase(new URL(`/keys/${key.keyName}`, key.keyVaultUri).href, wanted.key)) return;
  lookUp.refuse(
    "governance.storageKey",
    `Azure doesn't change the key and the identity of ${region.name} in one update: change \`identity\`, run \`pulumi up\`, and then change \`key\``,
  );
}

/** A built-in policy for each kind of resource that closes its firewall. Its effect is Modify: https://learn.microsoft.com/azure/governance/policy/concepts/effect-modify */
const closing = {
  "storage account": "Configure storage accounts to disable public network access",
  vault: "Configure key vaults to enable firewall",
} as const;

/** What Azure has stored, which can differ from the request. */
interface Access {
  readonly publicNetworkAccess?: string | undefined;
  /** @default everyone is allowed */
  readonly rules?:
    | {
        readonly defaultAction?: string;
        readonly ipRules?: readonly unknown[];
        readonly virtualNetworkRules?: readonly unknown[];
      }
    | undefined;
  readonly privateEndpointConnections?: readonly unknown[];
}

/** @throws RunError if a policy has changed the request so that the cache can't reach the resource. Neither Azure nor the provider reports that. */
export function demandReachable(what: keyof typeof closing, name: string, access: Access): void {
  const { publicNetworkAccess = "Enabled", rules, privateEndpointConnections = [] } = access;
  const exceptions = [...(rules?.ipRules ?? []), ...(rules?.virtualNetworkRules ?? [])];
  const isOpen =
    sameIgnoringCase(publicNetworkAccess, "Enabled") &&
    (sameIgnoringCase(rules?.defaultAction ?? "Allow", "Allow") || exceptions.length > 0);
  if (isOpen || privateEndpointConnections.length > 0) return;
  throw new pulumi.RunError(
    `the ${what} ${name} can't be reached: a policy such as "${closing[what]}" has closed its firewall. Exempt the region's resource group from the policy, and open the firewall: docs/governance.md#azure-policies-of-a-landing-zone`,
  );
}

/**
 * Log categories that record who changed what. Categories that record each read, such as each pull or each controller's request, are left out: they are large and cost by the GB.
 * https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
 */
const categories = {
  vault: ["AuditEvent"],
  blobs: ["StorageWrite", "StorageDelete"],
  cluster: ["kube-audit-admin", "guard"],
} as const;

/** Sends a resource's logs to the configured workspace, if any. @param resourceUri the resource's id */
export function createDiagnostics(
  { region: { name }, governance: { diagnostics: workspaceId } = {} }: RegionPlan,
  of: keyof typeof categories,
  resourceUri: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  if (workspaceId === undefined) return;
  new DiagnosticSetting(
    `${name}-${of}`,
    {
      name: "registry-cache",
      resourceUri,
      workspaceId,
      // Writes each category to its own table: https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs#resource-specific
      logAnalyticsDestinationType: "Dedicated",
      logs: categories[of].map((category) => ({ category, enabled: true })),
    },
    // For a vault, Azure doesn't return this setting: https://github.com/Azure/azure-rest-api-specs/issues/22400
    { ...options, ignoreChanges: ["logAnalyticsDestinationType"] },
  );
}
