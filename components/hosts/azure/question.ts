import { getClientConfig } from "@pulumi/azure-native/authorization/getClientConfig.js";
import { getResourceGroup } from "@pulumi/azure-native/resources/getResourceGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { sameIgnoringCase } from "../../config/text.ts";
import type { LookedUp } from "../kind.ts";
import { type LookUp, lookUpRegion } from "../look-up.ts";
import { previousResource } from "../previous-outputs.ts";
import type { AzurePlan } from "./naming.ts";
import { partsOf } from "./naming.ts";

/** A region that passed the static checks, and what a look-up needs to ask Azure about it. */
export interface Question<Plan extends AzurePlan = AzurePlan> {
  readonly plan: Plan;
  readonly region: Plan["region"];
  /** Id of the provider's subscription. The provider's functions see no other subscription. */
  readonly subscription: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

/**
 * Asks Azure for the subscription's id, and then everything else about a region.
 * @param ask returns undefined if it found a problem
 */
export function lookUpIn<Plan extends AzurePlan, Found extends object>(
  plan: Plan,
  options: pulumi.InvokeOptions,
  ask: (question: Question<Plan>) => Promise<Found | undefined>,
): Promise<LookedUp<Found>> {
  const { region } = plan;
  return lookUpRegion(region, async (lookUp) => {
    const client = await lookUp.ask("subscription", "the subscription", getClientConfig(options));
    return client && ask({ plan, region, subscription: client.subscriptionId, lookUp, options });
  });
}

/** Refuses the group that the stack has created for this region, because the engine would delete a group that is no longer the stack's. */
export async function findResourceGroup({ region, lookUp, options }: Question): Promise<void> {
  const { name, resourceGroup: resourceGroupName } = region;
  if (resourceGroupName === undefined) return;
  const own = await previousResource<{ name: string }>("azure-native:resources:ResourceGroup", name);
  if (own?.name !== undefined && sameIgnoringCase(own.name, resourceGroupName))
    return lookUp.refuse(
      "resourceGroup",
      `${own.name} is the group that the stack has created. If you name it here, the update deletes it with everything in it: remove the key`,
    );
  await lookUp.ask("resourceGroup", resourceGroupName, getResourceGroup({ resourceGroupName }, options));
}

/** @param id of one of the region's resources, from the last update */
export function isInAnotherGroup({ region, names }: AzurePlan, id = ""): boolean {
  const { group } = partsOf(id);
  return group !== "" && !sameIgnoringCase(group, region.resourceGroup ?? names.resourceGroup);
}
