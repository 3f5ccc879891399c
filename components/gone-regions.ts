import type { Problem } from "./config/problems.ts";
import type { StackConfig } from "./config/schema.ts";
import { previousRegions } from "./hosts/previous-outputs.ts";

/**
 * Regions that the last update left and the configuration doesn't name any more, so that this one deletes them.
 * @param stack of which no other call of createCaches() has regions.
 * @returns warnings with paths in the stack; none for a cache on this machine, whose content stays in its directory.
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
