import { getClientConfig } from "@pulumi/azure-native/authorization/getClientConfig.js";
import { getResourceGroup } from "@pulumi/azure-native/resources/getResourceGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import type { LookedUp } from "../kind.ts";
import { type LookUp, lookUpRegion } from "../look-up.ts";
import type { AzurePlan } from "./naming.ts";

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

export async function findResourceGroup({ region, lookUp, options }: Question): Promise<void> {
  const { resourceGroup: resourceGroupName } = region;
  if (resourceGroupName === undefined) return;
  await lookUp.ask("resourceGroup", resourceGroupName, getResourceGroup({ resourceGroupName }, options));
}
