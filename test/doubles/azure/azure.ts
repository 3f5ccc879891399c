import { Cloud, type CloudDefinition, everywhere } from "../cloud.ts";
import { demand } from "../faults.ts";
import { SdkTypes } from "../sdk-types.ts";
import { text } from "../values.ts";
import { existingThings, functions, isRegion, subscriptionId, types, zoneSubscriptionId } from "./account.ts";
import { aksFunctions, aksRules } from "./aks.ts";
import { diagnosticsRules } from "./diagnostics.ts";
import { identityRules } from "./identity.ts";
import { machineRules } from "./machine.ts";
import { networkRules } from "./network.ts";
import { privateDnsRules } from "./private-dns.ts";
import { privateLinkRules } from "./private-link.ts";
import { answerOfArm, token } from "./sizes.ts";
import { storageRules } from "./storage.ts";
import { trafficManagerRules } from "./traffic-manager.ts";

const definition: CloudDefinition = {
  name: "azure-native",
  sdk: new SdkTypes("@pulumi/azure-native", ["enums.compute.VirtualMachineSizeTypes"]),
  resources: {
    ...identityRules,
    ...networkRules,
    ...privateDnsRules,
    ...privateLinkRules,
    ...trafficManagerRules,
    ...machineRules,
    ...storageRules,
    ...aksRules,
    ...diagnosticsRules,
  },
  functions: {
    ...functions,
    ...aksFunctions,
    "azure-native:authorization:getClientToken": () => ({ token }),
  },
  api: { origin: "https://management.azure.com", answer: answerOfArm },
  // https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/azure/client_azcore.go
  mayBeGone: true,
  scopeOf(provider) {
    const { location, subscriptionId: subscription = subscriptionId } = provider;
    demand(
      [subscriptionId, zoneSubscriptionId].includes(String(subscription)),
      "SubscriptionNotFound",
      `The subscription '${subscription}' could not be found.`,
    );
    demand(
      location === undefined || isRegion(text("location", provider)),
      "LocationNotAvailable",
      `location ${location}`,
    );
    return subscription === subscriptionId ? everywhere : String(subscription);
  },
  /** Finds what others have changed in the firewall of a vault or a storage account. */
  refreshed(_, { type, outputs: { publicNetworkAccess, properties } }) {
    if (type === types.vault) return { properties };
    return publicNetworkAccess === undefined ? {} : { publicNetworkAccess };
  },
  codes: {
    exists: "AlreadyExists",
    missing: "ResourceNotFound",
    inUse: "ResourceInUse",
    fixed: "PropertyChangeNotAllowed",
  },
  existing: existingThings,
};

/** A new Azure subscription. */
export function azureCloud(): Cloud {
  return new Cloud(definition);
}
