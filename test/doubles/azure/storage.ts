import { isDeepStrictEqual } from "node:util";
import { regionNames } from "../../../components/hosts/azure/regions.ts";
import { type Cloud, everywhere, type Reference, type Request, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { resourceId, types, zonesIn } from "./account.ts";
import { resource } from "./resource.ts";

const kind = "Microsoft.Storage/storageAccounts";
const accountId = (request: Pick<Request, "inputs">) =>
  resourceId(request, kind, text("accountName", request.inputs));

/** Deleted with its account. */
const inAccount: Reference = {
  at: "accountName",
  to: types.storageAccount,
  id: (_, request) => accountId(request),
  onDelete: "delete",
};

/** A region that has zones, but no zone-redundant storage. A record that tests add to an account. */
const withoutZrs = "region without ZRS";

export function withholdZrs(cloud: Cloud, location: string): void {
  cloud.keep({ type: withoutZrs, id: location, scope: everywhere, inputs: {}, outputs: {} });
}

function hasZrs(cloud: Cloud, location: string): boolean {
  return zonesIn(location).length > 0 && !cloud.find(withoutZrs, location, everywhere);
}

/** https://learn.microsoft.com/rest/api/storagerp/skus/list */
export function storageSkus(cloud: Cloud): Inputs[] {
  return regionNames.flatMap((location) => {
    const none = { type: "Location", values: [location], reasonCode: "NotAvailableForSubscription" };
    return [
      { name: "Standard_LRS", kind: "StorageV2", restrictions: [] },
      { name: "Standard_ZRS", kind: "Storage", restrictions: [] },
      { name: "Standard_ZRS", kind: "StorageV2", restrictions: hasZrs(cloud, location) ? [] : [none] },
    ].map((sku) => ({ ...sku, tier: "Standard", resourceType: "storageAccounts", locations: [location] }));
  });
}

export const storageRules: Readonly<Record<string, Rules>> = {
  /** https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create */
  [types.storageAccount]: resource(
    { kind, name: "accountName", pattern: /^[a-z0-9]{3,24}$/ },
    {
      replacing: ["isHnsEnabled"],
      references: [
        { at: "identity.userAssignedIdentities[*]", to: types.userIdentity },
        { at: "encryption.encryptionIdentity.encryptionUserAssignedIdentity", to: types.userIdentity },
      ],
      check(inputs) {
        const sku = text("sku.name", inputs);
        demand(/^(?:Standard|Premium)_(?:LRS|ZRS)$|^Standard_(?:RA)?GZ?RS$/.test(sku), "SkuNotFound", sku);
        const known = ["StorageV2", "BlobStorage", "BlockBlobStorage"].includes(text("kind", inputs));
        demand(known, "InvalidAccountType", `kind ${inputs.kind}`);
        const tls = inputs.minimumTlsVersion ?? "TLS1_0";
        demand(["TLS1_0", "TLS1_1", "TLS1_2"].includes(String(tls)), "InvalidValue", `TLS ${tls}`);
        const tags = Object.keys((inputs.tags as object | undefined) ?? {});
        demand(tags.length <= 15, "InvalidTagCount", "15 tags at most");
        // https://learn.microsoft.com/azure/storage/common/customer-managed-keys-configure-new-account
        const isOwn = text("encryption.keySource", inputs) === "Microsoft.Keyvault";
        const uri = text("encryption.keyVaultProperties.keyVaultUri", inputs);
        const identity = valueAt("encryption.encryptionIdentity.encryptionUserAssignedIdentity", inputs);
        const isWhole =
          /^https:\/\/[a-z0-9-]+\.vault\.azure\.net$/.test(uri) &&
          text("encryption.keyVaultProperties.keyName", inputs) !== "" &&
          valuesAt("identity.userAssignedIdentities[*]", inputs).includes(identity);
        demand(!isOwn || isWhole, "InvalidValuesForRequestParameters", "a customer's key, and who uses it");
      },
      /** Zones change only by a conversion, which customers request separately: https://learn.microsoft.com/azure/storage/common/redundancy-migration */
      update({ inputs }, before) {
        demandOneChange(inputs, before.inputs);
        const [wanted, has] = [inputs, before.inputs].map((it) => text("sku.name", it)) as [string, string];
        const isZonal = (sku: string) => /ZRS$/.test(sku);
        demand(
          isZonal(wanted) === isZonal(has),
          "AccountPropertyCannotBeUpdated",
          `The property 'sku.name' can't be changed from ${has} to ${wanted}.`,
        );
      },
      /** All accounts of Azure share their names. */
      admit({ cloud, inputs }) {
        const name = text("accountName", inputs);
        const taken = cloud
          .things(types.storageAccount)
          .some(
            (it) =>
              it.inputs.accountName === name && it.inputs.resourceGroupName !== inputs.resourceGroupName,
          );
        demand(!taken, "StorageAccountAlreadyTaken", `The storage account named ${name} is already taken.`);
        const isZonal = text("sku.name", inputs).endsWith("ZRS");
        const location = text("location", inputs);
        demand(!isZonal || hasZrs(cloud, location), "SkuNotSupported", `${inputs.sku} in ${location}`);
      },
      create: () => ({
        id: "",
        outputs: { networkRuleSet: { defaultAction: "Allow" }, privateEndpointConnections: [] },
      }),
    },
  ),

  "azure-native:storage:BlobContainer": {
    replacing: ["resourceGroupName", "accountName", "containerName"],
    references: [inAccount],
    /** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
    check(inputs) {
      const name = text("containerName", inputs);
      const valid = /^(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])+$/.test(name);
      demand(valid, "InvalidResourceName", `container ${name}`);
    },
    admit(request) {
      const account = request.cloud.find(types.storageAccount, accountId(request), request.scope);
      const isPublic = !["None", undefined].includes(request.inputs.publicAccess as string | undefined);
      const mayBe = account?.inputs.allowBlobPublicAccess === true;
      demand(
        !isPublic || mayBe,
        "PublicAccessNotPermitted",
        "Public access is not permitted on this account.",
      );
    },
    create(request) {
      const { containerName: name } = request.inputs;
      return { id: `${accountId(request)}/blobServices/default/containers/${name}`, outputs: { name } };
    },
  },

  /** https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure */
  "azure-native:storage:ManagementPolicy": {
    replacing: ["resourceGroupName", "accountName", "managementPolicyName"],
    references: [inAccount],
    check(inputs) {
      demand(inputs.managementPolicyName === "default", "InvalidResourceName", "there is only `default`");
      const rules = valuesAt("policy.rules[*]", inputs) as Inputs[];
      demand(rules.length > 0, "InvalidRequestPropertyValue", "a policy needs rules");
      for (const rule of rules) checkRule(rule);
    },
    create: (request) => ({ id: `${accountId(request)}/managementPolicies/default` }),
  },
};

/** Missing settings stay, including a customer's key, and another key is wrapped with the present identity. */
function demandOneChange(wanted: Inputs, has: Inputs): void {
  const source = "encryption.keySource";
  const isOwn = text(source, has) === "Microsoft.Keyvault";
  demand(!isOwn || text(source, wanted) !== "", "InvalidValuesForRequestParameters", "the key would stay");
  if (!isOwn || text(source, wanted) !== "Microsoft.Keyvault") return;
  const changes = ["keyVaultProperties", "encryptionIdentity"].filter(
    (it) => !isDeepStrictEqual(valueAt(`encryption.${it}`, wanted), valueAt(`encryption.${it}`, has)),
  );
  demand(changes.length < 2, "InvalidValuesForRequestParameters", "key and identity at once");
}

function checkRule(rule: Inputs): void {
  const valid = (condition: unknown, message: string) =>
    demand(condition, "InvalidRequestPropertyValue", message);
  valid(rule.type === "Lifecycle", `type ${rule.type}`);
  valid(/^[A-Za-z0-9-]{1,256}$/.test(text("name", rule)), `name ${rule.name}`);
  const blobTypes = valuesAt("definition.filters.blobTypes[*]", rule).map(String);
  const known = blobTypes.every((type) => ["blockBlob", "appendBlob"].includes(type));
  valid(blobTypes.length > 0 && known, `blobTypes ${blobTypes}`);
  const actions = Object.entries((valueAt("definition.actions.baseBlob", rule) ?? {}) as Inputs);
  valid(actions.length > 0, "a rule needs actions");
  for (const [action, after] of actions) {
    valid(action === "delete" || !blobTypes.includes("appendBlob"), `${action} is not for appendBlob`);
    const days = Object.values(after as Inputs);
    valid(days.length === 1 && Number.isInteger(days[0]) && Number(days[0]) >= 0, `${action} after ${days}`);
  }
}
