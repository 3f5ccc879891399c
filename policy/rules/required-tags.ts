import { z } from "zod";
import { stackTagNames } from "../../components/config/tags.ts";
import { type Resource, rule } from "../rule.ts";
import { valueAt } from "../values.ts";

/** Azure types that accept tags. In AWS, the provider sets the stack's tags on every resource that accepts them. */
const taggable = [
  "compute:Disk",
  "compute:VirtualMachine",
  "containerservice:ManagedCluster",
  "dns:Zone",
  "keyvault:Secret",
  "keyvault:Vault",
  "managedidentity:UserAssignedIdentity",
  "network:LoadBalancer",
  "network:NatGateway",
  "network:NetworkInterface",
  "network:NetworkSecurityGroup",
  "network:PrivateLinkService",
  "network:PublicIPAddress",
  "network:VirtualNetwork",
  "privatedns:VirtualNetworkLink",
  "resources:ResourceGroup",
  "storage:StorageAccount",
  "trafficmanager:Profile",
].map((type) => `azure-native:${type}`);

/** @returns undefined if the resource accepts no tags */
function tagsOf({ type, props }: Resource): unknown {
  if (taggable.includes(type)) return props.tags ?? {};
  if (type !== "pulumi:providers:aws") return undefined;
  // Pulumi serializes a provider's inputs as JSON.
  const settings = props.defaultTags ?? {};
  return valueAt("tags", typeof settings === "string" ? JSON.parse(settings) : settings) ?? {};
}

export const requiredTags = rule({
  name: "required-tags",
  level: "mandatory",
  what: "Everything that can have tags has the required ones. In AWS, the provider gives them to all resources, which also have a `Name`.",
  why: "Cost reports, and people who find a resource, must see its owner.",
  parameters: {
    tags: z
      .array(z.string())
      .default([...stackTagNames])
      .describe("Keys of the required tags."),
  },
  each(resource, { tags }) {
    const own = tagsOf(resource);
    const missing = tags.filter((key) => own && !Object.hasOwn(own, key));
    const { type, props } = resource;
    const isNameless =
      type.startsWith("aws:") && props.tags !== undefined && valueAt("Name", props.tags) === undefined;
    return [
      ...(missing.length > 0 ? [`lacks the tags ${missing.join(", ")}`] : []),
      ...(isNameless ? ["lacks the tag Name"] : []),
    ];
  },
});
