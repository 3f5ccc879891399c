import type { Problem } from "./config/problems.ts";
import type { StackConfig } from "./config/schema.ts";
import { previousRegions } from "./hosts/previous-outputs.ts";

/**
 * Finds the regions that exist since the last update and that the configuration no longer names. This update deletes them.
 * @param stack the configuration with all regions of the running stack. See LoadedConfig.isWhole.
 * @returns warnings with paths in the stack. Empty for the provider `local`, because the cache's content stays in its directory.
 */
export async function goneRegions(stack: Pick<StackConfig, "provider" | "regions">): Promise<Problem[]> {
  const { provider, regions } = stack;
  if (provider === "local") return [];
  const named = new Set<string>(regions.map(({ name }) => name));
  const gone = (await previousRegions()).filter(({ name }) => !named.has(name));
  return gone.map(({ name, isMachine }) => ({
    path: "regions",
    message: `${name} isn't in the stack's file any more: this update deletes it${isMachine ? ", and stops at its disk as long as that is protected" : ", with all that it has cached"} (docs/day-2.md#another-topology-provider-or-region-name)`,
  }));
}
